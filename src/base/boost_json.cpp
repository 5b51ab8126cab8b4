// SPDX-License-Identifier: LGPL-2.1-or-later
// Boost.JSON's code, compiled here once: the program then needs no library of it at run time.
#include <boost/json/src.hpp>
