// Pieces of work on several cores. Which core does a piece never changes what comes out of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace glassnet {

// Calls work(piece, thread) once for each piece.
template <class Work>
void in_parallel(std::size_t pieces, int threads, Work &&work) {
    std::atomic<std::size_t> next{0};
    std::vector<std::exception_ptr> errors(std::size_t(threads < 1 ? 1 : threads));
    const auto run = [&](int thread) {
        try {
            for (std::size_t piece = next++; piece < pieces; piece = next++) work(piece, thread);
        } catch (...) {
            errors[std::size_t(thread)] = std::current_exception();
            next = pieces;
        }
    };
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads && std::size_t(thread) < pieces; ++thread) others.emplace_back(run, thread);
    run(0);
    for (std::thread &each : others) each.join();
    for (const std::exception_ptr &error : errors)
        if (error) std::rethrow_exception(error);
}

}  // namespace glassnet
