/* SPDX-License-Identifier: MIT */
/**
 * weft/detail/arity.h - argument lists of 0 to 8 types, for the macros of weft/fork.h; not for direct use.
 *
 * WEFT_X_n_(types, ~): PARAMS `A weft_1_, B weft_2_`; TAIL the same with a comma before each; FIELDS `A weft_1_; B weft_2_;`.
 * WEFT_X_n_(p), p a prefix like `h->` or nothing: VALUES `p weft_1_, p weft_2_`; MORE `, p weft_1_, p weft_2_`; STORE `p weft_1_ = weft_1_; p weft_2_ = weft_2_;`.
 */
#ifndef WEFT_DETAIL_ARITY_H
#define WEFT_DETAIL_ARITY_H

/* How many arguments there are behind the first (0 to 8); whether there is one behind the second. */
#define WEFT_COUNT_(...) WEFT_TENTH_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0, ~)
#define WEFT_MANY_(...) WEFT_ELEVENTH_(__VA_ARGS__, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, ~)
#define WEFT_TENTH_(a, b, c, d, e, f, g, h, i, n, ...) n
#define WEFT_ELEVENTH_(a, b, c, d, e, f, g, h, i, j, n, ...) n
#define WEFT_CAT_(a, b) WEFT_CAT_NOW_(a, b)
#define WEFT_CAT_NOW_(a, b) a##b

/* clang-format off */
#define WEFT_PARAMS_0_(...) void
#define WEFT_PARAMS_1_(A, ...) A weft_1_
#define WEFT_PARAMS_2_(A, B, ...) A weft_1_, B weft_2_
#define WEFT_PARAMS_3_(A, B, C, ...) A weft_1_, B weft_2_, C weft_3_
#define WEFT_PARAMS_4_(A, B, C, D, ...) A weft_1_, B weft_2_, C weft_3_, D weft_4_
#define WEFT_PARAMS_5_(A, B, C, D, E, ...) A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_
#define WEFT_PARAMS_6_(A, B, C, D, E, F, ...) A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_, F weft_6_
#define WEFT_PARAMS_7_(A, B, C, D, E, F, G, ...) A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_, F weft_6_, G weft_7_
#define WEFT_PARAMS_8_(A, B, C, D, E, F, G, H, ...) A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_, F weft_6_, G weft_7_, H weft_8_
#define WEFT_TAIL_0_(...)
#define WEFT_TAIL_1_(A, ...) , A weft_1_
#define WEFT_TAIL_2_(A, B, ...) , A weft_1_, B weft_2_
#define WEFT_TAIL_3_(A, B, C, ...) , A weft_1_, B weft_2_, C weft_3_
#define WEFT_TAIL_4_(A, B, C, D, ...) , A weft_1_, B weft_2_, C weft_3_, D weft_4_
#define WEFT_TAIL_5_(A, B, C, D, E, ...) , A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_
#define WEFT_TAIL_6_(A, B, C, D, E, F, ...) , A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_, F weft_6_
#define WEFT_TAIL_7_(A, B, C, D, E, F, G, ...) , A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_, F weft_6_, G weft_7_
#define WEFT_TAIL_8_(A, B, C, D, E, F, G, H, ...) , A weft_1_, B weft_2_, C weft_3_, D weft_4_, E weft_5_, F weft_6_, G weft_7_, H weft_8_
#define WEFT_FIELDS_0_(...)
#define WEFT_FIELDS_1_(A, ...) A weft_1_;
#define WEFT_FIELDS_2_(A, B, ...) A weft_1_; B weft_2_;
#define WEFT_FIELDS_3_(A, B, C, ...) A weft_1_; B weft_2_; C weft_3_;
#define WEFT_FIELDS_4_(A, B, C, D, ...) A weft_1_; B weft_2_; C weft_3_; D weft_4_;
#define WEFT_FIELDS_5_(A, B, C, D, E, ...) A weft_1_; B weft_2_; C weft_3_; D weft_4_; E weft_5_;
#define WEFT_FIELDS_6_(A, B, C, D, E, F, ...) A weft_1_; B weft_2_; C weft_3_; D weft_4_; E weft_5_; F weft_6_;
#define WEFT_FIELDS_7_(A, B, C, D, E, F, G, ...) A weft_1_; B weft_2_; C weft_3_; D weft_4_; E weft_5_; F weft_6_; G weft_7_;
#define WEFT_FIELDS_8_(A, B, C, D, E, F, G, H, ...) A weft_1_; B weft_2_; C weft_3_; D weft_4_; E weft_5_; F weft_6_; G weft_7_; H weft_8_;
#define WEFT_VALUES_0_(p)
#define WEFT_VALUES_1_(p) p weft_1_
#define WEFT_VALUES_2_(p) p weft_1_, p weft_2_
#define WEFT_VALUES_3_(p) p weft_1_, p weft_2_, p weft_3_
#define WEFT_VALUES_4_(p) p weft_1_, p weft_2_, p weft_3_, p weft_4_
#define WEFT_VALUES_5_(p) p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_
#define WEFT_VALUES_6_(p) p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_, p weft_6_
#define WEFT_VALUES_7_(p) p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_, p weft_6_, p weft_7_
#define WEFT_VALUES_8_(p) p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_, p weft_6_, p weft_7_, p weft_8_
#define WEFT_STORE_0_(p)
#define WEFT_STORE_1_(p) p weft_1_ = weft_1_;
#define WEFT_STORE_2_(p) p weft_1_ = weft_1_; p weft_2_ = weft_2_;
#define WEFT_STORE_3_(p) p weft_1_ = weft_1_; p weft_2_ = weft_2_; p weft_3_ = weft_3_;
#define WEFT_STORE_4_(p) p weft_1_ = weft_1_; p weft_2_ = weft_2_; p weft_3_ = weft_3_; p weft_4_ = weft_4_;
#define WEFT_STORE_5_(p) p weft_1_ = weft_1_; p weft_2_ = weft_2_; p weft_3_ = weft_3_; p weft_4_ = weft_4_; p weft_5_ = weft_5_;
#define WEFT_STORE_6_(p) p weft_1_ = weft_1_; p weft_2_ = weft_2_; p weft_3_ = weft_3_; p weft_4_ = weft_4_; p weft_5_ = weft_5_; p weft_6_ = weft_6_;
#define WEFT_STORE_7_(p) p weft_1_ = weft_1_; p weft_2_ = weft_2_; p weft_3_ = weft_3_; p weft_4_ = weft_4_; p weft_5_ = weft_5_; p weft_6_ = weft_6_; p weft_7_ = weft_7_;
#define WEFT_STORE_8_(p) p weft_1_ = weft_1_; p weft_2_ = weft_2_; p weft_3_ = weft_3_; p weft_4_ = weft_4_; p weft_5_ = weft_5_; p weft_6_ = weft_6_; p weft_7_ = weft_7_; p weft_8_ = weft_8_;
#define WEFT_MORE_0_(p)
#define WEFT_MORE_1_(p) , p weft_1_
#define WEFT_MORE_2_(p) , p weft_1_, p weft_2_
#define WEFT_MORE_3_(p) , p weft_1_, p weft_2_, p weft_3_
#define WEFT_MORE_4_(p) , p weft_1_, p weft_2_, p weft_3_, p weft_4_
#define WEFT_MORE_5_(p) , p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_
#define WEFT_MORE_6_(p) , p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_, p weft_6_
#define WEFT_MORE_7_(p) , p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_, p weft_6_, p weft_7_
#define WEFT_MORE_8_(p) , p weft_1_, p weft_2_, p weft_3_, p weft_4_, p weft_5_, p weft_6_, p weft_7_, p weft_8_
#define WEFT_EMPTY_0_ char none;
#define WEFT_EMPTY_1_
#define WEFT_EMPTY_2_
#define WEFT_EMPTY_3_
#define WEFT_EMPTY_4_
#define WEFT_EMPTY_5_
#define WEFT_EMPTY_6_
#define WEFT_EMPTY_7_
#define WEFT_EMPTY_8_
/* clang-format on */

#endif
