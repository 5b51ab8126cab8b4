// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_service.hpp"

#include <gtest/gtest.h>

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace virtlight::fake {
namespace {

using namespace std::string_literals;

class XenstoreServiceTest : public ::testing::Test {
 protected:
    /// The answer's payload with '|' for each NUL; an error as "!ENOENT|".
    std::string ask(std::uint32_t type, const std::string& payload, TransactionId in = 0) {
        told_.clear();
        std::string answer = "none";
        for (const auto& [to, message] :
             service_.handle(me_, {.type = type, .transaction = in, .payload = payload})) {
            if (message.type == XS_WATCH_EVENT)
                told_.push_back(visible(message.payload));
            else
                answer = (message.type == XS_ERROR ? "!" : "") + visible(message.payload);
        }
        return answer;
    }
    std::vector<std::string> events(const XenstoreService::Deliveries& deliveries) {
        std::vector<std::string> told;
        for (const auto& [to, message] : deliveries)
            told.push_back(visible(message.payload));
        return told;
    }
    static std::string visible(std::string text) {
        for (auto& c : text)
            if (c == '\0') c = '|';
        return text;
    }

    std::map<unsigned, DomainState> domains_;
    XenstoreService service_{[this](unsigned domid) {
        const auto found = domains_.find(domid);
        return found == domains_.end() ? DomainState::gone : found->second;
    }};
    XenstoreService::ConnectionId me_ = service_.connect();
    std::vector<std::string> told_;
};

TEST_F(XenstoreServiceTest, WritesAndReads) {
    EXPECT_EQ(ask(XS_WRITE, "/a\0x\0y"s), "OK|");
    EXPECT_EQ(ask(XS_READ, "/a\0"s), "x|y");
    EXPECT_EQ(ask(XS_READ, "/b\0"s), "!ENOENT|");
    EXPECT_EQ(ask(XS_READ, "no path\0"s), "!EINVAL|");
    EXPECT_EQ(ask(XS_CONTROL, "print\0"s), "!ENOSYS|");
}

TEST_F(XenstoreServiceTest, AListThatFitsNoMessageIsRefused) {
    for (int i = 0; i < 500; ++i)
        ask(XS_MKDIR, "/a/a-long-name-" + std::to_string(i) + "\0"s);
    EXPECT_EQ(ask(XS_DIRECTORY, "/a\0"s), "!E2BIG|");
}

TEST_F(XenstoreServiceTest, AWatchFiresOnceAtOnceAndThenForWhatChangesBelow) {
    EXPECT_EQ(ask(XS_WATCH, "/a\0token\0"s), "OK|");
    EXPECT_EQ(told_, std::vector<std::string>{"/a|token|"});
    EXPECT_EQ(ask(XS_WATCH, "/a\0token\0"s), "!EEXIST|");
    ask(XS_WRITE, "/a/b\0x"s);
    EXPECT_EQ(told_, std::vector<std::string>{"/a/b|token|"});
    ask(XS_WRITE, "/ab\0x"s);
    EXPECT_TRUE(told_.empty());
    EXPECT_EQ(ask(XS_UNWATCH, "/a\0token\0"s), "OK|");
    EXPECT_EQ(ask(XS_UNWATCH, "/a\0token\0"s), "!ENOENT|");
    ask(XS_WRITE, "/a/b\0y"s);
    EXPECT_TRUE(told_.empty());
}

TEST_F(XenstoreServiceTest, AWatchHearsThatItsNodeWentWithTheOneAbove) {
    ask(XS_WRITE, "/a/b/c\0x"s);
    ask(XS_WATCH, "/a/b/c\0token\0"s);
    ask(XS_RM, "/a\0"s);
    EXPECT_EQ(told_, std::vector<std::string>{"/a/b/c|token|"});
}

TEST_F(XenstoreServiceTest, WatchesHearOfATransactionWhenItIsCommitted) {
    ask(XS_WATCH, "/a\0token\0"s);
    const auto id = static_cast<TransactionId>(std::stoul(ask(XS_TRANSACTION_START, "\0"s)));
    ask(XS_WRITE, "/a\0x"s, id);
    EXPECT_TRUE(told_.empty());
    EXPECT_EQ(ask(XS_TRANSACTION_END, "T\0"s, id), "OK|");
    EXPECT_EQ(told_, std::vector<std::string>{"/a|token|"});
    EXPECT_EQ(ask(XS_TRANSACTION_END, "T\0"s, id), "!ENOENT|");
}

TEST_F(XenstoreServiceTest, AClientThatLeavesTakesItsWatchesAndTransactionsAlong) {
    ask(XS_WATCH, "/a\0token\0"s);
    ask(XS_TRANSACTION_START, "\0"s);
    service_.disconnect(me_);
    EXPECT_EQ(service_.watches(), 0U);
    EXPECT_EQ(service_.transactions(), 0U);
    EXPECT_TRUE(service_.edit({Edit::Kind::write, "/a", "x"}).empty());
}

TEST_F(XenstoreServiceTest, TellsOfEachDomainOnceWhenItComesStopsAndGoes) {
    domains_[5] = DomainState::alive;
    ask(XS_WATCH, "@introduceDomain\0in\0"s);
    ask(XS_WATCH, "@releaseDomain\0out\0"s);
    EXPECT_EQ(ask(XS_INTRODUCE, "5\0001\0002\0"s), "OK|");
    EXPECT_EQ(told_, std::vector<std::string>{"@introduceDomain|in|"});
    EXPECT_EQ(ask(XS_IS_DOMAIN_INTRODUCED, "5\0"s), "T|");
    EXPECT_EQ(ask(XS_INTRODUCE, "6\0001\0002\0"s), "!EINVAL|");

    EXPECT_TRUE(service_.look_at_domains().empty());
    domains_[5] = DomainState::shut_down;
    EXPECT_EQ(events(service_.look_at_domains()), std::vector<std::string>{"@releaseDomain|out|"});
    EXPECT_TRUE(service_.look_at_domains().empty());
    domains_.erase(5);
    EXPECT_EQ(events(service_.look_at_domains()), std::vector<std::string>{"@releaseDomain|out|"});
    EXPECT_EQ(ask(XS_IS_DOMAIN_INTRODUCED, "5\0"s), "F|");
}

TEST_F(XenstoreServiceTest, TellsOfASecondStopOnlyAfterTheDomainWasResumed) {
    domains_[5] = DomainState::shut_down;
    ask(XS_INTRODUCE, "5\0001\0002\0"s);
    ask(XS_WATCH, "@releaseDomain\0out\0"s);
    EXPECT_EQ(service_.look_at_domains().size(), 1U);
    domains_[5] = DomainState::alive;
    EXPECT_TRUE(service_.look_at_domains().empty());
    domains_[5] = DomainState::shut_down;
    EXPECT_TRUE(service_.look_at_domains().empty());
    EXPECT_EQ(ask(XS_RESUME, "5\0"s), "OK|");
    EXPECT_EQ(service_.look_at_domains().size(), 1U);
}

}  // namespace
}  // namespace virtlight::fake
