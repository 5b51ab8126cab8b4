// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/closing_threads.hpp"

#include <utility>

#include <sys/socket.h>

namespace virtlight::libvirt {

void ClosingThreads::close(std::vector<Fd> descriptors) {
    if (descriptors.empty()) return;
    *unclosed_ += descriptors.size();
    threads_.submit([left = unclosed_, descriptors = std::move(descriptors)]() mutable {
        for (auto& descriptor : descriptors) {
            descriptor.reset();
            --*left;
        }
    });
}

void ClosingThreads::close_socket(Fd socket) {
    ::shutdown(socket.get(), SHUT_RDWR);
    // Nothing comes any more: if nothing is in it now, it can be closed here.
    char unread = 0;
    if (::recv(socket.get(), &unread, sizeof unread, MSG_PEEK | MSG_DONTWAIT) == 0) return;
    std::vector<Fd> one;
    one.push_back(std::move(socket));
    close(std::move(one));
}

}  // namespace virtlight::libvirt
