// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/job_params.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace virtlight::libvirt {
namespace {

using domain::JobReport;
using testing::Contains;
using testing::Not;

JobReport save(JobReport::State state, std::uint64_t bytes) {
    return {.state = state,
            .operation = JobReport::Operation::save,
            .elapsed = seconds(4),
            .bytes = bytes,
            .bytes_all = 1000};
}

TypedParam number(std::string field, std::uint64_t value) {
    return {std::move(field), value};
}

std::vector<std::string> fields(const JobReport& job) {
    std::vector<std::string> all;
    for (const auto& param : job_params(job))
        all.push_back(param.field);
    return all;
}

TEST(JobParams, TellHowFastAJobIsAndHowLongItWillTake) {
    const auto params = job_params(save(JobReport::State::running, 200));
    for (const auto& param :
         {number("time_elapsed", 4000), number("time_remaining", 16000), number("memory_total", 1000),
          number("memory_processed", 200), number("memory_remaining", 800), number("memory_bps", 50)})
        EXPECT_THAT(params, Contains(param));
    EXPECT_THAT(fields(save(JobReport::State::running, 0)), Not(Contains("time_remaining")));
}

TEST(JobParams, OfAJobThatIsDoneHaveNothingRemaining) {
    for (const std::uint64_t bytes : {900U, 1100U}) {
        const auto params = job_params(save(JobReport::State::completed, bytes));
        for (const auto& param :
             {number("data_total", bytes), number("data_processed", bytes), number("data_remaining", 0)})
            EXPECT_THAT(params, Contains(param));
        EXPECT_THAT(fields(save(JobReport::State::completed, bytes)), Not(Contains("time_remaining")));
    }
}

TEST(JobParams, OfAJobThatHasFailedTellHowFarItCame) {
    const auto its = moved(save(JobReport::State::failed, 300));
    EXPECT_EQ(its.total, 1000u);
    EXPECT_EQ(its.done, 300u);
    EXPECT_EQ(its.remaining_ms, 0u);
    EXPECT_EQ(moved(save(JobReport::State::failed, 3000)).remaining(), 0u);
}

TEST(JobParams, OfAJobThatMovesNothingTellOnlyOfTime) {
    EXPECT_EQ(fields({.state = JobReport::State::running, .elapsed = seconds(1)}),
              (std::vector<std::string>{"operation", "time_elapsed"}));
    EXPECT_TRUE(job_params({}).empty());
}

TEST(JobParams, TellWhatAJobIsAtWhoAskedForItAndHowLongItMayTake) {
    const JobReport job{.state = JobReport::State::running,
                        .elapsed = seconds(2),
                        .id = 7,
                        .verb = "shut down",
                        .phase = "asking the guest",
                        .client = "pid 8 (virsh), uid 0",
                        .left = milliseconds(73'000),
                        .waiting = 3};
    const auto params = job_params(job);
    for (const auto& param : {number("virtlight.job", 7),
                              {"virtlight.operation", std::string("shut down")},
                              {"virtlight.phase", std::string("asking the guest")},
                              {"virtlight.client", std::string("pid 8 (virsh), uid 0")},
                              number("virtlight.time_left", 73'000),
                              number("virtlight.waiting", 3)})
        EXPECT_THAT(params, Contains(param));
}

TEST(JobParams, TellWhyAJobHasFailedWhateverItSpeaksOf) {
    JobReport job{.state = JobReport::State::failed, .problem = "cannot write '/images/\xe9'"};
    EXPECT_THAT(job_params(job),
                Contains(TypedParam{"errmsg", std::string("cannot write '/images/\ufffd'")}));
    job.problem = std::string(limits::wire_string + 1, '\xff');
    EXPECT_TRUE(encode(job_params(job))) << "what is too long for the wire is cut";
}

TEST(JobParams, TellOfAClientWhoseNameIsNoText) {
    const auto params = job_params({.state = JobReport::State::running, .client = "pid 8 (\xff), uid 0"});
    EXPECT_THAT(params, Contains(TypedParam{"virtlight.client", std::string("pid 8 (\ufffd), uid 0")}));
}

}  // namespace
}  // namespace virtlight::libvirt
