// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "manager/store.hpp"

namespace virtlight::manager {

/// A store of plain files that an admin can read and mend, under one folder:
///
///     domains/UUID.xml    a definition
///     autostart/UUID.xml  a link to it: the domain is started with the host
///     autostart-once/UUID.xml  the same, at the next boot alone
///     autostarted         in which boot of the host that was done
///     cores/NAME.core     of a guest that crashed, if its definition asks for that
///     saved/UUID.image    where its guest was saved, as the next start of it goes on from
///     saved/UUID.used     the same when its guest was about to run; never started from
///     saved/UUID.old      one that was aside and had not been removed when the guest was made again
///     running/UUID.xml    a life, as life_file.hpp has it
///
/// What is aside is for whoever wants it, and goes with the domain at the latest.
///
/// A file that cannot be read, or is not where its content belongs, is reported and left alone.
class FileStore final : public Store {
 public:
    /// `blocking` has one thread, so that changes are made in the order of the calls. The references must
    /// outlive the store's tasks. The folders are made by load(). `boot`: a word for the boot of the host, as
    /// lives end with theirs; empty: nobody knows.
    FileStore(std::filesystem::path folder, std::string boot, async::Blocking& blocking,
              async::Scheduler& scheduler);

    async::Task<Result<Content>> load() override;
    async::Task<Result<>> save(Stored domain) override;
    async::Task<Result<>> remove(Uuid uuid) override;
    async::Task<Result<>> note_autostart(std::string boot) override;
    async::Task<Result<>> save_life(StoredLife life) override;
    async::Task<Result<>> remove_life(Uuid uuid) override;
    std::filesystem::path image_path(Uuid uuid) const override;
    std::filesystem::path core_path(const std::string& name) const override;
    async::Task<Result<>> set_image_aside(Uuid uuid) override;
    async::Task<Result<>> take_image_back(Uuid uuid) override;
    async::Task<Result<>> remove_image(Uuid uuid) override;

 private:
    std::filesystem::path folder_;
    std::string boot_;
    async::Blocking& blocking_;
    async::Scheduler& scheduler_;
};

}  // namespace virtlight::manager
