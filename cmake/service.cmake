# SPDX-License-Identifier: LGPL-2.1-or-later
# The unit by which systemd runs virtlightd, with the path that it is installed under.

configure_file(${PROJECT_SOURCE_DIR}/packaging/virtlightd.service.in ${PROJECT_BINARY_DIR}/virtlightd.service @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/virtlightd.service DESTINATION lib/systemd/system)
