// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_store.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace virtlight::fake {

TransactionId XenstoreStore::begin() {
    open_.emplace(++last_, Transaction{.tree = tree_, .started = tree_.edits()});
    return last_;
}

Answer<std::vector<Change>> XenstoreStore::end(TransactionId id, bool commit) {
    const auto ended = open_.extract(id);
    if (ended.empty()) return std::unexpected(ENOENT);
    std::vector<Change> changes;
    if (!commit) return changes;
    if (overtaken(ended.mapped())) return std::unexpected(EAGAIN);
    // Nothing that these edits depend on has changed, so they end here as they did on the copy.
    for (const auto& edit : ended.mapped().edits) {
        if (const auto told = tree_.apply(edit)) changes.insert(changes.end(), told->begin(), told->end());
    }
    return changes;
}

bool XenstoreStore::overtaken(const Transaction& transaction) const {
    return std::ranges::any_of(transaction.touched, [&](const auto& touched) {
        const auto& [path, was_there] = touched;
        const auto generation = tree_.generation(path);
        return generation > transaction.started || (was_there && generation == 0);
    });
}

const XenstoreTree* XenstoreStore::touch(TransactionId id, const std::string& path) {
    if (id == 0) return &tree_;
    const auto found = open_.find(id);
    if (found == open_.end()) return nullptr;
    auto& [tree, started, touched, edits] = found->second;
    touched.emplace(path, tree.generation(path) != 0);
    return &tree;
}

Answer<std::string> XenstoreStore::read(TransactionId id, const std::string& path) {
    const auto* const tree = touch(id, path);
    return tree ? tree->read(path) : std::unexpected(ENOENT);
}

Answer<std::vector<std::string>> XenstoreStore::children(TransactionId id, const std::string& path) {
    const auto* const tree = touch(id, path);
    return tree ? tree->children(path) : std::unexpected(ENOENT);
}

Answer<std::string> XenstoreStore::permissions(TransactionId id, const std::string& path) {
    const auto* const tree = touch(id, path);
    return tree ? tree->permissions(path) : std::unexpected(ENOENT);
}

Answer<std::vector<Change>> XenstoreStore::edit(TransactionId id, Edit edit) {
    if (id == 0) return tree_.apply(edit);
    const auto* tree = touch(id, edit.path);
    if (!tree) return std::unexpected(ENOENT);
    // What is missing above is made too, and the list of children that grows or shrinks is the parent's.
    const bool changes_parent = edit.kind == Edit::Kind::remove || tree->generation(edit.path) == 0;
    if (changes_parent) {
        auto above = XenstoreTree::parent(edit.path);
        touch(id, above);
        while (tree->generation(above) == 0) {
            above = XenstoreTree::parent(above);
            touch(id, above);
        }
    }
    auto& transaction = open_.at(id);
    auto told = transaction.tree.apply(edit);
    if (!told) return told;
    transaction.edits.push_back(std::move(edit));
    return std::vector<Change>{};
}

}  // namespace virtlight::fake
