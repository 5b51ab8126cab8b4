// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/settings.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/temporary_folder.hpp"

namespace virtlight::daemon {
namespace {

std::variant<Settings, Exit> read(std::vector<const char*> words) {
    words.insert(words.begin(), "virtlightd");
    return read_settings(static_cast<int>(words.size()), words.data());
}

Settings settings_of(const std::variant<Settings, Exit>& answer) {
    if (const auto* exit = std::get_if<Exit>(&answer)) {
        ADD_FAILURE() << exit->text;
        return {};
    }
    return std::get<Settings>(answer);
}

Exit exit_of(const std::variant<Settings, Exit>& answer) {
    if (const auto* exit = std::get_if<Exit>(&answer)) return *exit;
    ADD_FAILURE() << "settings where an exit was expected";
    return {"", -1};
}

/// A root with this configuration file in it.
class Root {
 public:
    explicit Root(std::string_view configuration) {
        EXPECT_TRUE(make_folder(folder_.path() / "etc/virtlight"));
        EXPECT_TRUE(write_file(folder_.path() / "etc/virtlight/virtlightd.toml", configuration));
    }
    const char* path() const { return folder_.path().c_str(); }

 private:
    test::TemporaryFolder folder_;
};

TEST(Settings, WithoutWordsAreThoseOfAHost) {
    const test::TemporaryFolder empty;
    const auto settings = settings_of(read({"--root", empty.path().c_str()}));
    EXPECT_EQ(settings.hypervisor, std::nullopt);
    EXPECT_EQ(settings.socket_mode, 0700u);
    EXPECT_EQ(settings.places.socket(), empty.path() / "run/virtlightd.sock");
    EXPECT_EQ(Places{}.socket(), "/run/virtlightd.sock");
}

TEST(Settings, ComeFromTheConfigurationFileBelowTheRoot) {
    const Root root("hypervisor = 'simulated'\nlog_level = 'debug'\nsocket_mode = '0770'\n");
    const auto settings = settings_of(read({"--root", root.path()}));
    EXPECT_EQ(settings.hypervisor, HypervisorKind::simulated);
    EXPECT_EQ(settings.log_level, log::Level::debug);
    EXPECT_EQ(settings.socket_mode, 0770u);
}

TEST(Settings, SayHowMuchOfAConsoleIsKept) {
    const Root root(
        "console_history = '1M'\nconsole_recent = '0'\nconsole_log_sequences = 'kept'\n"
        "console_log_size = '100000'\nconsole_log_files = '7'\n");
    const auto consoles = settings_of(read({"--root", root.path()})).consoles;
    EXPECT_EQ(consoles.history.bytes(), 1024u * 1024);
    EXPECT_EQ(consoles.recent, 0u);
    EXPECT_EQ(consoles.sequences, console::Sequences::kept);
    EXPECT_EQ(consoles.rotation.bytes, 100'000u);
    EXPECT_EQ(consoles.rotation.old_files, 7u);
    EXPECT_EQ(console::HistorySize().bytes(), console::HistorySize::of(512 * 1024).bytes());
}

TEST(Settings, SayWhichOfLibvirtsDaemonsAreAsked) {
    using libvirt::Served;
    const auto said = [](Served served, std::string_view text) {
        const Root root(text);
        return settings_of(read({"--root", root.path()})).socket_of(served);
    };
    for (const auto& one : libvirt::modular_daemons) {
        const std::string setting(one.setting);
        EXPECT_EQ(said(one.served, setting + " = ''\n"), "");
        EXPECT_EQ(said(one.served, setting + " = '/run/libvirt/libvirt-sock'\n"),
                  "/run/libvirt/libvirt-sock");
    }
    const Root root("storage_socket = '/run/mine'\n");
    const auto settings = settings_of(read({"--root", root.path()}));
    EXPECT_EQ(settings.socket_of(Served::storage), "/run/mine");
    EXPECT_EQ(settings.socket_of(Served::networks), settings.places.run() / "libvirt/virtnetworkd-sock");
}

TEST(Settings, KnowWhereLibvirtsDaemonsListen) {
    using libvirt::Served;
    const Settings settings;
    EXPECT_EQ(settings.socket_of(Served::storage), "/run/libvirt/virtstoraged-sock");
    EXPECT_EQ(settings.socket_of(Served::networks), "/run/libvirt/virtnetworkd-sock");
    EXPECT_EQ(settings.socket_of(Served::interfaces), "/run/libvirt/virtinterfaced-sock");
    EXPECT_EQ(settings.socket_of(Served::secrets), "/run/libvirt/virtsecretd-sock");
    EXPECT_EQ(settings.socket_of(Served::filters), "/run/libvirt/virtnwfilterd-sock");
}

TEST(Settings, SayWhetherDom0IsAskedForMemory) {
    using xenlight::Autoballoon;
    const auto said = [](std::string_view text) {
        const Root root(text);
        return settings_of(read({"--root", root.path()})).autoballoon;
    };
    EXPECT_EQ(said(""), Autoballoon::automatic);
    EXPECT_EQ(said("autoballoon = \"auto\"\n"), Autoballoon::automatic);
    EXPECT_EQ(said("autoballoon = true\n"), Autoballoon::on);
    EXPECT_EQ(said("autoballoon = false\n"), Autoballoon::off);
}

TEST(Settings, OfTheCommandLineWinOverTheFile) {
    const Root root("hypervisor = 'xen'\n");
    const auto settings = settings_of(read({"--root", root.path(), "--hypervisor", "simulated"}));
    EXPECT_EQ(settings.hypervisor, HypervisorKind::simulated);
}

TEST(Settings, NameTheFileAndTheLineOfAMistake) {
    for (const auto& [text, complaint] : std::vector<std::pair<std::string, std::string>>{
             {"\nwobble = 'x'\n", "line 2: 'wobble' is not a setting"},
             {"hypervisor = 'kvm'\n", "line 1: hypervisor 'kvm' is not known (known: xen, simulated)"},
             {"autoballoon = 'maybe'\n", "autoballoon 'maybe' is not known (known: auto, true, false)"},
             {"log_level = 7\n", "line 1: 'log_level' wants a text in quotes"},
             {"wobble = 7\n", "line 1: 'wobble' is not a setting"},
             {"[consoles]\nhistory = '64K'\n", "line 1: 'consoles' is not a setting"},
             {"socket_mode = '0999'\n", "line 1: socket mode '0999' is no octal number up to 0777"},
             {"console_history = '1K'\n", "line 1: '1K' is no number from 32768 to 67108864"},
             {"console_history = '18446744073709551615G'\n", "line 1: '18446744073709551615G' is no number"},
             {"console_log_size = '1 M'\n", "line 1: '1 M' is no number"},
             {"console_log_files = ''\n", "line 1: '' is no number from 0 to 100"},
             {"console_log_sequences = 'red'\n", "'red' is not known (known: cleaned, kept)"},
             {"storage_socket = 'here'\n", "line 1: 'here' is no absolute path of a socket"},
             {"socket_mode = '01000'\n", "line 1: socket mode '01000' is no octal number up to 0777"},
             {"log_level = debug\n", "(values stand in quotes, as in log_level = \"info\")"},
             {"hypervisor = \n", "line 1: "}}) {
        const Root root(text);
        const auto exit = exit_of(read({"--root", root.path()}));
        EXPECT_EQ(exit.status, 2);
        EXPECT_NE(exit.text.find(complaint), std::string::npos) << exit.text;
        EXPECT_NE(exit.text.find("virtlightd.toml"), std::string::npos) << exit.text;
    }
}

TEST(Settings, OfAFileThatIsThereAndCannotBeReadAreNoDefaults) {
    const test::TemporaryFolder folder;
    ASSERT_TRUE(make_folder(folder.path() / "etc/virtlight"));
    std::filesystem::create_symlink("nowhere", folder.path() / "etc/virtlight/virtlightd.toml");
    const auto exit = exit_of(read({"--root", folder.path().c_str()}));
    EXPECT_EQ(exit.status, 2);
    EXPECT_NE(exit.text.find("virtlightd.toml"), std::string::npos) << exit.text;

    const test::TemporaryFolder file;
    ASSERT_TRUE(write_file(file.path() / "etc", ""));
    EXPECT_EQ(exit_of(read({"--root", file.path().c_str()})).status, 2);
}

TEST(Settings, BelowNoFolderAreRefusedInOneLine) {
    const auto exit = exit_of(read({"--root", ""}));
    EXPECT_EQ(exit.status, 2);
    EXPECT_EQ(exit.text, "virtlightd: --root '' is no folder: it is empty\n");
}

TEST(Settings, AreNotReadWhenHelpOrTheVersionIsWanted) {
    EXPECT_EQ(exit_of(read({"--version"})).text, "virtlightd " VIRTLIGHT_VERSION "\n");
    const auto help = exit_of(read({"--help"}));
    EXPECT_EQ(help.status, 0);
    EXPECT_NE(help.text.find("--hypervisor"), std::string::npos);
}

TEST(Settings, RefuseAWordTheyDoNotKnow) {
    const auto exit = exit_of(read({"--wobble"}));
    EXPECT_EQ(exit.status, 2);
    EXPECT_NE(exit.text.find("--wobble"), std::string::npos);
}

}  // namespace
}  // namespace virtlight::daemon
