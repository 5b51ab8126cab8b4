// SPDX-License-Identifier: LGPL-2.1-or-later
#include <memory>

#include "libxl/bridge.hpp"
#include "libxl/loop_thread.hpp"
#include "xenlight/context.hpp"

namespace virtlight::fake {
namespace {

class ProductionBridge final : public Bridge {
 public:
    ProductionBridge() {
        thread_.run([this] { context_ = std::move(*xenlight::Context::open(thread_.loop(), "bridge")); });
    }
    ~ProductionBridge() override {
        thread_.run([this] { context_.reset(); });
    }

    void call(const std::function<void(libxl_ctx*)>& call) override {
        thread_.run([&] { context_->enter(call); });
    }
    void post(std::function<void()> step) override { thread_.loop().post(std::move(step)); }

 private:
    std::unique_ptr<xenlight::Context> context_;
    LoopThread thread_{"bridge"};
};

}  // namespace

std::unique_ptr<Bridge> make_production_bridge() {
    return std::make_unique<ProductionBridge>();
}

}  // namespace virtlight::fake
