// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/journal.hpp"

#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.hpp"

namespace virtlight::daemon {
namespace {

/// As systemd names it in JOURNAL_STREAM.
std::string named(const Fd& fd) {
    struct stat about = {};
    ::fstat(fd.get(), &about);
    return std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
}

TEST(GoesToJournal, WhatIsTheStreamThatSystemdNames) {
    const auto journal = make_pipe();
    EXPECT_TRUE(goes_to_journal(journal->second.get(), named(journal->second).c_str()));
}

TEST(GoesToJournal, NotWhatWasSentElsewhereByAShellOfTheSameService) {
    const auto journal = make_pipe();
    const auto elsewhere = make_pipe();
    EXPECT_FALSE(goes_to_journal(elsewhere->second.get(), named(journal->second).c_str()));
}

TEST(GoesToJournal, NotWithoutAWordOfSystemdOrWithoutADescriptor) {
    const auto log = make_pipe();
    const auto name = named(log->second);
    EXPECT_FALSE(goes_to_journal(log->second.get(), nullptr));
    EXPECT_FALSE(goes_to_journal(log->second.get(), ""));
    EXPECT_FALSE(goes_to_journal(log->second.get(), (name + "1").c_str()));
    EXPECT_FALSE(goes_to_journal(-1, name.c_str()));
}

}  // namespace
}  // namespace virtlight::daemon
