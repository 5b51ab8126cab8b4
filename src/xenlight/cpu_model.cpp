// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/cpu_model.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <cpuid.h>

namespace virtlight::xenlight {
namespace {

using hypervisor::CpuModel;

/// The names of each word's bits, from the lowest on: "-" for one that has none. libvirt's names, but for
/// sse4_1 and sse4_2, which its own schema does not let have the '.' that it gives them.
constexpr std::array<std::string_view, 8> feature_words{
    // leaf 1, edx
    "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - ds acpi mmx fxsr "
    "sse sse2 ss ht tm ia64 pbe",
    // leaf 1, ecx
    "pni pclmuldq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid - fma cx16 xtpr pdcm - pcid dca sse4_1 "
    "sse4_2 x2apic movbe popcnt tsc-deadline aes xsave osxsave avx f16c rdrand hypervisor",
    // leaf 0x80000001, edx
    "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm 3dnowext "
    "3dnow",
    // leaf 0x80000001, ecx
    "lahf_lm cmp_legacy svm extapic cr8legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop skinit wdt - "
    "lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb",
    // leaf 0xd.1, eax
    "xsaveopt xsavec xgetbv1 xsaves",
    // leaf 7.0, ebx
    "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cmt - mpx - avx512f avx512dq rdseed "
    "adx smap avx512ifma - clflushopt clwb intel-pt avx512pf avx512er avx512cd sha-ni avx512bw avx512vl",
    // leaf 7.0, ecx
    "- avx512vbmi umip pku ospke waitpkg avx512vbmi2 - gfni vaes vpclmulqdq avx512vnni avx512bitalg - "
    "avx512-vpopcntdq - la57 - - - - - rdpid - - cldemote - movdiri movdir64b",
    // leaf 0x80000007, edx
    "- - - - - - - - invtsc",
};

void add_features(std::string_view names, std::uint32_t bits, std::vector<std::string>& features) {
    for (; !names.empty(); bits >>= 1) {
        const auto name = names.substr(0, names.find(' '));
        if ((bits & 1) != 0 && name != "-") features.emplace_back(name);
        names.remove_prefix(std::min(name.size() + 1, names.size()));
    }
}

/// Leaf 0 has the maker's name in these three registers, leaf 1 the rest.
void add_signature(CpuModel& cpu) {
    std::uint32_t eax = 0;
    std::uint32_t ebx = 0;
    std::uint32_t ecx = 0;
    std::uint32_t edx = 0;
    if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0) return;
    for (const auto part : {ebx, edx, ecx})
        for (unsigned byte = 0; byte < sizeof part; ++byte)
            cpu.vendor += static_cast<char>(part >> 8 * byte);

    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return;
    constexpr unsigned extended_family = 0xf;  // what does not fit is in another field
    cpu.stepping = eax & 0xf;
    cpu.model = (eax >> 4 & 0xf) | (eax >> 16 & 0xf) << 4;
    cpu.family = eax >> 8 & 0xf;
    if (cpu.family == extended_family) cpu.family += eax >> 20 & 0xff;
}

}  // namespace

CpuModel read_cpu_model(const libxl_hwcap& capabilities) {
    CpuModel cpu;
    add_signature(cpu);
    for (std::size_t word = 0; word < feature_words.size(); ++word)
        add_features(feature_words[word], capabilities[word], cpu.features);
    return cpu;
}

}  // namespace virtlight::xenlight
