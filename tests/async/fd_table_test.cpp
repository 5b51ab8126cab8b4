// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/fd_table.hpp"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck/gtest.h>

namespace virtlight::async {
namespace {

using Kind = FdTable::Change::Kind;

TEST(FdTable, TellsTheKernelTheJoinedMaskOfAllWatchesOfADescriptor) {
    FdTable table;
    const auto in = table.add(7, POLLIN);
    EXPECT_EQ(in.change.kind, Kind::add);
    EXPECT_EQ(in.change.events, POLLIN);
    const auto out = table.add(7, POLLOUT);
    EXPECT_EQ(out.change.kind, Kind::modify);
    EXPECT_EQ(out.change.events, POLLIN | POLLOUT);
    EXPECT_EQ(table.remove(in.id).events, POLLOUT);
    EXPECT_EQ(table.remove(out.id).kind, Kind::remove);
}

TEST(FdTable, KnowsWhatIsWishedOfADescriptorUnderItsNameAlone) {
    FdTable table;
    const auto watch = table.add(7, POLLIN);
    table.add(7, POLLOUT);
    EXPECT_EQ(table.wish(watch.change.descriptor).fd, 7);
    EXPECT_EQ(table.wish(watch.change.descriptor).events, POLLIN | POLLOUT);
    EXPECT_EQ(table.wish(DescriptorId{watch.change.descriptor.value + 1000}).fd, -1);
}

TEST(FdTable, KeepsADescriptorThatNobodyWantsEventsOfAwayFromTheKernel) {
    FdTable table;
    const auto watch = table.add(7, 0);
    EXPECT_EQ(watch.change.kind, Kind::none);
    EXPECT_EQ(table.modify(watch.id, POLLIN).kind, Kind::add);
    EXPECT_EQ(table.modify(watch.id, 0).kind, Kind::remove);
    EXPECT_EQ(table.remove(watch.id).kind, Kind::none);
}

TEST(FdTable, GivesANumberThatIsUsedAgainANewName) {
    FdTable table;
    const auto old = table.add(7, POLLIN);
    table.remove(old.id);
    const auto young = table.add(7, POLLIN);
    EXPECT_NE(old.change.descriptor, young.change.descriptor);
    EXPECT_TRUE(table.watches(old.change.descriptor).empty());
    EXPECT_EQ(table.watches(young.change.descriptor), std::vector{young.id});
}

TEST(FdTable, ReportsAHangUpOnlyToWatchesThatWantEvents) {
    FdTable table;
    const auto asleep = table.add(7, 0);
    const auto awake = table.add(7, POLLIN);
    EXPECT_EQ(table.wanted(asleep.id, POLLHUP), 0);
    EXPECT_EQ(table.wanted(awake.id, POLLHUP), POLLHUP);
    EXPECT_EQ(table.wanted(awake.id, POLLOUT), 0);
}

TEST(FdTable, WantsNothingForAWatchThatIsGone) {
    FdTable table;
    const auto watch = table.add(7, POLLIN);
    table.remove(watch.id);
    EXPECT_EQ(table.wanted(watch.id, POLLIN), 0);
    EXPECT_EQ(table.modify(watch.id, POLLOUT), FdTable::Change{});
    EXPECT_EQ(table.remove(watch.id), FdTable::Change{});
}

/// Random calls against a plain list of watches; the kernel is a map that does as it is told.
TEST(FdTable, EqualsOneThatWillAnswerAlikeAndNoneThatWillNameTheNextWatchOtherwise) {
    FdTable table;
    FdTable other;
    const auto watch = table.add(7, POLLIN).id;
    EXPECT_NE(table, other);
    EXPECT_EQ(other.add(7, POLLIN).id, watch);
    EXPECT_EQ(table, other);
    other.modify(watch, POLLOUT);
    EXPECT_NE(table, other);
    other.modify(watch, POLLIN);
    EXPECT_EQ(table, other);
    other.remove(other.add(7, POLLIN).id);
    EXPECT_NE(table, other);
}

RC_GTEST_PROP(FdTableProperty, KeepsTheKernelInAgreement, ()) {
    struct Watch {
        int fd;
        short events;
    };
    FdTable table;
    std::map<WatchId, Watch> model;
    std::map<int, short> kernel;
    const auto tell = [&](const FdTable::Change& change) {
        switch (change.kind) {
            case Kind::none: break;
            case Kind::add: RC_ASSERT(kernel.emplace(change.fd, change.events).second); break;
            case Kind::modify:
                RC_ASSERT(std::exchange(kernel.at(change.fd), change.events) != change.events);
                break;
            case Kind::remove: RC_ASSERT(kernel.erase(change.fd) == 1u); break;
        }
    };
    const auto steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
        const auto events = *rc::gen::element<short>(0, POLLIN, POLLOUT, POLLIN | POLLOUT);
        const auto which =
            model.empty()
                ? WatchId{99}
                : std::next(model.begin(), *rc::gen::inRange<int>(0, static_cast<int>(model.size())))->first;
        switch (*rc::gen::inRange(0, 3)) {
            case 0: {
                const auto fd = *rc::gen::inRange(3, 7);
                const auto added = table.add(fd, events);
                RC_ASSERT(model.emplace(added.id, Watch{fd, events}).second);
                tell(added.change);
                break;
            }
            case 1:
                tell(table.modify(which, events));
                if (model.contains(which)) model.at(which).events = events;
                break;
            default: tell(table.remove(which)); model.erase(which);
        }
        std::map<int, short> wanted;
        for (const auto& [id, watch] : model)
            if (watch.events) wanted[watch.fd] = static_cast<short>(wanted[watch.fd] | watch.events);
        RC_ASSERT(kernel == wanted);
        RC_ASSERT(table.size() == model.size());
    }
}

}  // namespace
}  // namespace virtlight::async
