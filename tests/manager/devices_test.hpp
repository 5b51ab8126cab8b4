// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::test {

/// A world with devices to give. The manager has Devices of its own, so this stands in another namespace.
class Devices : public ::testing::Test, protected manager::World {
 protected:
    using Disk = domain::Disk;
    using Affects = manager::Affects;
    using Which = manager::Which;

    static constexpr Affects guest_only{.guest = true};
    static constexpr Affects definition_only{.definition = true};
    static constexpr Affects both{.guest = true, .definition = true};

    static Disk disk(std::string_view target, std::string path = "/srv/disk.img") {
        return {.target = domain::parse_disk_name(target).value(),
                .source = Disk::Source::file,
                .path = std::move(path)};
    }
    static Disk cd_drive(std::string path = "") {
        return {.target = domain::parse_disk_name("hdc").value(),
                .device = Disk::Device::cdrom,
                .source = path.empty() ? Disk::Source::none : Disk::Source::file,
                .path = path,
                .readonly = true};
    }
    static domain::Nic nic(std::uint8_t last) {
        return {.mac = {{0x00, 0x16, 0x3e, 0, 0, last}}, .bridge = "xenbr0"};
    }

    std::vector<Disk> stored(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::stored)->disks;
    }
    std::vector<Disk> live(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::live)->disks;
    }
    Result<> attach(const domain::Definition& guest, domain::Device what, Affects affects = {}) {
        return end_of(manager->attach_device(guest.uuid, std::move(what), affects));
    }
    Result<> detach(const domain::Definition& guest, domain::Device what, Affects affects = {}) {
        return end_of(manager->detach_device(guest.uuid, std::move(what), affects));
    }
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, ::testing::HasSubstr(words));
    }
};

}  // namespace virtlight::test
