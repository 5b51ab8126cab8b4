// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace virtlight::fake {

/// What a test does to the calls that libxl makes: each has a name and can fail, wait, or be counted.
/// Thread-safe.
class Calls {
 public:
    /// Keeps callers waiting for as long as it lives.
    class Hold {
     public:
        Hold() : gate_(std::make_shared<Gate>()) {}
        Hold(Hold&&) = default;
        Hold& operator=(Hold&&) = default;
        ~Hold() {
            if (gate_) release();
        }

        /// Somebody waits here.
        bool has_caller() const;
        void release() const;

     private:
        friend class Calls;
        struct Gate {
            std::mutex mutex;
            std::condition_variable changed;
            bool open = false;
            int callers = 0;
        };
        std::shared_ptr<Gate> gate_;
    };

    /// Asks `behaviour` at each call of this name, on the caller's thread: 0 to go on, or the errno to fail
    /// with.
    void on(const std::string& name, std::function<int()> behaviour);
    void fail(const std::string& name, int error) {
        on(name, [error] { return error; });
    }
    void fail_once(const std::string& name, int error);
    [[nodiscard]] Hold hold(const std::string& name);
    /// No longer anything special.
    void forget(const std::string& name);

    unsigned count(const std::string& name) const;

    /// Called at the entry of each replaced function. 0: go on.
    int enter(const std::string& name);

 private:
    mutable std::mutex mutex_;
    std::map<std::string, std::function<int()>> behaviours_;
    std::map<std::string, unsigned> counts_;
};

}  // namespace virtlight::fake
