// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "libvirt/procedure.hpp"
#include "manager/networks.hpp"

namespace virtlight::libvirt {

/// The bridges of libvirt's networks, as its network daemon tells them. Lives on the core thread and never
/// blocks.
class NetworkBridges : public manager::Networks {
 public:
    /// Asks the network daemon a procedure of the remote program. No coroutine that captures.
    using Ask = std::function<async::Task<Result<LateAnswer>>(std::int32_t procedure, Bytes payload)>;

    /// `scheduler` must outlive this, and who is asked the last question.
    NetworkBridges(async::Scheduler& scheduler, Ask ask);
    NetworkBridges(const NetworkBridges&) = delete;
    NetworkBridges& operator=(const NetworkBridges&) = delete;
    ~NetworkBridges() override { scope_.drop(); }

    async::Task<Result<std::string>> bridge_of(std::string network, async::CancelToken cancel) override;

 private:
    using Found = async::Completion<Result<std::string>>;

    async::Task<> look_up(std::string network, Found found);
    async::Task<Result<std::string>> ask_for_bridge(std::string network);
    template <class Answer>
    async::Task<Result<Answer>> asked(std::string network, std::int32_t procedure, Result<Bytes> question);

    async::Scheduler& scheduler_;
    Ask ask_;
    async::Scope scope_;  ///< questions that may be answered later than anybody waits
};

}  // namespace virtlight::libvirt
