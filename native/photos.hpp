// Photos that are varied while a net learns them: moved by whole pixels, or turned, enlarged and moved, and their
// colours changed. What happens to each photo is given; chance is the caller's.
//
// Each photo is worked on by itself, so that the numbers do not depend on how many threads there are.
#pragma once

#include <cstdint>

namespace glassnet {

// Photos one after the other, the channels of a pixel side by side.
struct Photos {
    const float *pixels;  // count x height x width x channels
    long count, height, width, channels;
};

// What is done; what is null is not.
struct Changes {
    // Pixel (i, j) is that of row rows[i] and column columns[j]; 0 where one of them is below 0.
    const std::int32_t *rows;     // count x height
    const std::int32_t *columns;  // count x width
    // Pixel (i, j) is that of column p[0] j + p[1] i + p[2] and row p[3] j + p[4] i + p[5], between pixels bilinearly.
    const float *places;  // count x 6
    bool reflect;         // beyond the edges the photo is mirrored about them, its last pixels twice; otherwise it is 0
    // Each pixel becomes matrix * pixel + keep * (mean of the photo) + add.
    const float *matrices;  // count x channels x channels
    const float *offsets;   // count x 2: keep and add
};

// Writes varied photos, as large as these, to `to`.
void vary_photos(const Photos &photos, const Changes &changes, float *to, int threads);

}  // namespace glassnet
