// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libxl/xenstore_tree.hpp"

namespace virtlight::fake {

/// A transaction of xenstore's; 0 is none.
using TransactionId = std::uint32_t;

/// A tree with transactions. Each works on a copy, remembers the nodes it touched, and is refused with EAGAIN
/// if anybody else has changed one of them meanwhile. As in xenstored, making a node also touches the list of
/// its parent's children, so that transactions of strangers collide often. Pure.
class XenstoreStore {
 public:
    TransactionId begin();
    /// What watches have to be told, if it is committed. EAGAIN: start again. ENOENT: no such transaction.
    Answer<std::vector<Change>> end(TransactionId id, bool commit);

    Answer<std::string> read(TransactionId id, const std::string& path);
    Answer<std::vector<std::string>> children(TransactionId id, const std::string& path);
    Answer<std::string> permissions(TransactionId id, const std::string& path);
    /// What watches have to be told: nothing yet, inside a transaction.
    Answer<std::vector<Change>> edit(TransactionId id, Edit edit);

    const XenstoreTree& tree() const { return tree_; }
    std::size_t transactions() const { return open_.size(); }

 private:
    struct Transaction {
        XenstoreTree tree;
        std::uint64_t started;                  ///< edits of the tree until then
        std::map<std::string, bool> touched{};  ///< whether the node was there
        std::vector<Edit> edits{};
    };

    /// The tree that the request works on; null without such a transaction.
    const XenstoreTree* touch(TransactionId id, const std::string& path);
    bool overtaken(const Transaction& transaction) const;

    XenstoreTree tree_;
    std::map<TransactionId, Transaction> open_;
    TransactionId last_ = 0;
};

}  // namespace virtlight::fake
