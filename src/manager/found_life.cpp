// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/found_life.hpp"

#include <algorithm>

namespace virtlight::manager {
namespace {

using hypervisor::DomainSeen;
using Candidates = std::span<const DomainSeen* const>;

/// What has been made for a start that was cut off has no other name; another tool's guest of this uuid may.
bool was_made_for(const StoredLife& life, const DomainSeen& seen) {
    return seen.name.empty() || seen.name == life.definition.name;
}

bool is_alive(const StoredLife& life, const DomainSeen& seen) {
    return !seen.dying && (life.domid == 0 ? was_made_for(life, seen) : life.domid == seen.domid);
}

const DomainSeen* find_alive(const StoredLife& life, Candidates candidates) {
    if (life.over) return nullptr;
    const auto found = std::ranges::find_if(
        candidates, [&life](const DomainSeen* candidate) { return is_alive(life, *candidate); });
    return found == candidates.end() ? nullptr : *found;
}

/// The daemon was killed before it could let the guest run: who pauses a guest later, pauses one that has
/// run.
bool was_never_let_run(const StoredLife& life, const DomainSeen* seen) {
    if (life.domid == 0) return true;
    return life.held == Held::starting && seen && !seen->stopped && !seen->may_have_run();
}

/// The daemon was killed, or stopped, while it started this domain anew. Should another tool have started it
/// since, that is as good.
bool is_to_start(const StoredLife& life, const DomainSeen* seen, Candidates candidates) {
    const bool begun = life.domid == 0 || life.held == Held::starting || life.held == Held::ending;
    return life.again && begun && !life.over &&
           std::ranges::all_of(candidates, [seen](const DomainSeen* candidate) {
               return candidate == seen || candidate->dying;
           });
}

}  // namespace

FoundLife judge_found(const StoredLife& life, Candidates candidates) {
    using enum FoundLife::Fate;
    const auto* const seen = find_alive(life, candidates);
    const bool never_ran = was_never_let_run(life, seen);
    if (seen && !never_ran) return {goes_on, seen, is_to_start(life, seen, candidates)};
    const bool as_made = !seen || !seen->may_have_run();
    if (never_ran && as_made) return {cut_off, seen, is_to_start(life, seen, candidates)};
    return {never_ran ? not_started : ended, nullptr, is_to_start(life, nullptr, candidates)};
}

}  // namespace virtlight::manager
