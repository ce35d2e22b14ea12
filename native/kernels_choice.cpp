// Which instruction sets this processor has, asked once.
#include <stdexcept>

#include "kernels.hpp"

namespace glassnet {

std::vector<std::string> kernel_names() {
    std::vector<std::string> names;
#if GLASSNET_X86
    __builtin_cpu_init();
    const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        names.push_back("avx512");
    if (fma) names.push_back("avx2");
#endif
    names.push_back("portable");
    names.push_back("naive");
    return names;
}

template <class T>
const Kernels<T> &kernels(const std::string &name) {
    static const std::vector<std::string> known = kernel_names();
    static const Kernels<T> *const all[] = {
#if GLASSNET_X86
        &Tables<T>::avx512, &Tables<T>::avx2,
#endif
        &Tables<T>::portable, &Tables<T>::naive};
    for (const std::string &each : known)
        if (name == "auto" || name == each)
            for (const Kernels<T> *table : all)
                if (each == table->name) return *table;
    std::string text = "kernels must be one that this processor runs, however: kernels='" + name + "'; use 'auto'";
    for (const std::string &each : known) text += ", '" + each + "'";
    throw std::invalid_argument(text);
}

template const Kernels<float> &kernels(const std::string &name);
template const Kernels<double> &kernels(const std::string &name);

}  // namespace glassnet
