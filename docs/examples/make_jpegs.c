/* SPDX-License-Identifier: MIT */
/*
 * make_jpegs - for test_thumbnails: makes pictures whose thumbnails are known, and looks at thumbnails.
 *
 *     make_jpegs DIR           writes one file of each kind below
 *     make_jpegs --show FILE   prints width, height and red, green, blue at nine points, row by row
 *
 * Of the bands the middle one is green, so the middle square of a long picture is green all over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum pattern { BANDS, QUARTERS };
enum scans { BASELINE, PROGRESSIVE, TOO_MANY };

struct kind {
    const char *name;
    unsigned width, height;
    enum pattern pattern;
    J_COLOR_SPACE space;
    enum scans scans;
    int no_adobe;
};

static const struct kind kinds[] = {
    {"wide.jpg", 600, 200, BANDS, JCS_YCbCr, BASELINE, 0},
    {"tall.jpg", 200, 600, BANDS, JCS_YCbCr, BASELINE, 0},
    {"uneven.JPG", 997, 331, BANDS, JCS_YCbCr, BASELINE, 0},
    {"small.jpeg", 30, 10, BANDS, JCS_YCbCr, BASELINE, 0},
    {"quarters.jpg", 400, 400, QUARTERS, JCS_YCbCr, BASELINE, 0},
    {"progressive.jpg", 600, 200, BANDS, JCS_YCbCr, PROGRESSIVE, 0},
    {"rgb.jpg", 600, 200, BANDS, JCS_RGB, BASELINE, 0},
    {"gray.jpg", 600, 200, BANDS, JCS_GRAYSCALE, BASELINE, 0},
    {"cmyk.jpg", 600, 200, BANDS, JCS_CMYK, BASELINE, 0},
    {"cmyk-plain.jpg", 600, 200, BANDS, JCS_CMYK, BASELINE, 1},
    {"ycck.jpg", 600, 200, BANDS, JCS_YCCK, BASELINE, 0},
    {"dot.jpg", 1, 1, QUARTERS, JCS_YCbCr, BASELINE, 0},
    {"line.jpg", 5000, 1, BANDS, JCS_YCbCr, BASELINE, 0},
    {"scans.jpg", 600, 200, BANDS, JCS_YCbCr, TOO_MANY, 0},
};

static const unsigned char colours[4][3] = {{220, 30, 20}, {30, 200, 40}, {20, 40, 210}, {240, 240, 240}};

static const unsigned char *colour(const struct kind *k, unsigned x, unsigned y)
{
    if (k->pattern == QUARTERS)
        return colours[2 * (y >= k->height / 2) + (x >= k->width / 2)];
    return k->width > k->height ? colours[3 * x / k->width] : colours[3 * y / k->height];
}

/* One pixel as the file stores it: inks as Adobe does (255 - ink), or plain. */
static void put(unsigned char *pixel, const unsigned char rgb[3], const struct kind *k)
{
    if (k->space != JCS_CMYK && k->space != JCS_YCCK) {
        memcpy(pixel, rgb, 3);
        return;
    }
    unsigned black = rgb[0];
    for (int c = 1; c < 3; c++)
        black = rgb[c] > black ? rgb[c] : black;
    for (int c = 0; c < 3; c++)
        pixel[c] = (unsigned char)(rgb[c] * 255U / black);
    pixel[3] = (unsigned char)black;
    for (int c = 0; c < 4 && k->no_adobe; c++)
        pixel[c] = (unsigned char)(255 - pixel[c]);
}

/* A scan for each coefficient of each component: 190. */
static void script_scans(struct jpeg_compress_struct *out)
{
    static jpeg_scan_info scans[190];
    jpeg_scan_info *next = scans;
    *next++ = (jpeg_scan_info){.comps_in_scan = 3, .component_index = {0, 1, 2}};
    for (int component = 0; component < 3; component++)
        for (int i = 1; i < 64; i++)
            *next++ = (jpeg_scan_info){.comps_in_scan = 1, .component_index = {component}, .Ss = i, .Se = i};
    out->scan_info = scans;
    out->num_scans = 190;
}

static void set_up(struct jpeg_compress_struct *out, const struct kind *k)
{
    int inks = k->space == JCS_CMYK || k->space == JCS_YCCK;
    out->image_width = k->width;
    out->image_height = k->height;
    out->input_components = inks ? 4 : 3;
    out->in_color_space = inks ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(out);
    jpeg_set_colorspace(out, k->space);
    jpeg_set_quality(out, 95, TRUE);
    if (k->no_adobe)
        out->write_Adobe_marker = FALSE;
    if (k->scans == PROGRESSIVE)
        jpeg_simple_progression(out);
    if (k->scans == TOO_MANY)
        script_scans(out);
}

static void make(const char *dir, const struct kind *k)
{
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct out = {.err = jpeg_std_error(&errors)};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, k->name);
    FILE *file = fopen(path, "wb");
    unsigned char *row = malloc((size_t)4 * k->width);
    if (!file || !row)
        exit(2);
    jpeg_create_compress(&out);
    jpeg_stdio_dest(&out, file);
    set_up(&out, k);
    jpeg_start_compress(&out, TRUE);
    while (out.next_scanline < k->height) {
        for (unsigned x = 0; x < k->width; x++)
            put(row + (size_t)out.input_components * x, colour(k, x, out.next_scanline), k);
        jpeg_write_scanlines(&out, &row, 1);
    }
    jpeg_finish_compress(&out);
    jpeg_destroy_compress(&out);
    free(row);
    if (fclose(file))
        exit(2);
}

static void show_row(const struct jpeg_decompress_struct *in, const unsigned char *row)
{
    unsigned third = in->output_width / 3;
    for (int i = 0; i < 3; i++) {
        const unsigned char *p = row + 3 * (size_t)((unsigned)i * third + third / 2);
        printf(" %d %d %d", p[0], p[1], p[2]);
    }
}

static void show(const char *path)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct in = {.err = jpeg_std_error(&errors)};
    FILE *file = fopen(path, "rb");
    if (!file)
        exit(2);
    jpeg_create_decompress(&in);
    jpeg_stdio_src(&in, file);
    jpeg_read_header(&in, TRUE);
    in.out_color_space = JCS_RGB;
    jpeg_start_decompress(&in);
    unsigned char *row = malloc((size_t)3 * in.output_width);
    if (!row)
        exit(2);
    printf("%u %u", in.output_width, in.output_height);
    for (unsigned third = in.output_height / 3; in.output_scanline < in.output_height;) {
        unsigned y = in.output_scanline;
        jpeg_read_scanlines(&in, &row, 1);
        if (y == third / 2 || y == third + third / 2 || y == 2 * third + third / 2)
            show_row(&in, row);
    }
    puts("");
    jpeg_finish_decompress(&in);
    jpeg_destroy_decompress(&in);
    free(row);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--show")) {
        show(argv[2]);
        return 0;
    }
    if (argc != 2)
        return 2;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        make(argv[1], &kinds[i]);
    return 0;
}
