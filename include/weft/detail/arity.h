/* SPDX-License-Identifier: MIT */
/**
 * weft/detail/arity.h - argument lists of 0 to 8 types, for the macros of weft/fork.h; not for direct use.
 *
 * WEFT_X_n_(types, ~): PARAMS `A a1, B a2`; TAIL the same with a comma before each; FIELDS `A a1; B a2;`.
 * WEFT_X_n_(p), p a prefix like `h->` or nothing: VALUES `p a1, p a2`; MORE `, p a1, p a2`; STORE `p a1 = a1; p a2 = a2;`.
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
#define WEFT_PARAMS_1_(A, ...) A a1
#define WEFT_PARAMS_2_(A, B, ...) A a1, B a2
#define WEFT_PARAMS_3_(A, B, C, ...) A a1, B a2, C a3
#define WEFT_PARAMS_4_(A, B, C, D, ...) A a1, B a2, C a3, D a4
#define WEFT_PARAMS_5_(A, B, C, D, E, ...) A a1, B a2, C a3, D a4, E a5
#define WEFT_PARAMS_6_(A, B, C, D, E, F, ...) A a1, B a2, C a3, D a4, E a5, F a6
#define WEFT_PARAMS_7_(A, B, C, D, E, F, G, ...) A a1, B a2, C a3, D a4, E a5, F a6, G a7
#define WEFT_PARAMS_8_(A, B, C, D, E, F, G, H, ...) A a1, B a2, C a3, D a4, E a5, F a6, G a7, H a8
#define WEFT_TAIL_0_(...)
#define WEFT_TAIL_1_(A, ...) , A a1
#define WEFT_TAIL_2_(A, B, ...) , A a1, B a2
#define WEFT_TAIL_3_(A, B, C, ...) , A a1, B a2, C a3
#define WEFT_TAIL_4_(A, B, C, D, ...) , A a1, B a2, C a3, D a4
#define WEFT_TAIL_5_(A, B, C, D, E, ...) , A a1, B a2, C a3, D a4, E a5
#define WEFT_TAIL_6_(A, B, C, D, E, F, ...) , A a1, B a2, C a3, D a4, E a5, F a6
#define WEFT_TAIL_7_(A, B, C, D, E, F, G, ...) , A a1, B a2, C a3, D a4, E a5, F a6, G a7
#define WEFT_TAIL_8_(A, B, C, D, E, F, G, H, ...) , A a1, B a2, C a3, D a4, E a5, F a6, G a7, H a8
#define WEFT_FIELDS_0_(...)
#define WEFT_FIELDS_1_(A, ...) A a1;
#define WEFT_FIELDS_2_(A, B, ...) A a1; B a2;
#define WEFT_FIELDS_3_(A, B, C, ...) A a1; B a2; C a3;
#define WEFT_FIELDS_4_(A, B, C, D, ...) A a1; B a2; C a3; D a4;
#define WEFT_FIELDS_5_(A, B, C, D, E, ...) A a1; B a2; C a3; D a4; E a5;
#define WEFT_FIELDS_6_(A, B, C, D, E, F, ...) A a1; B a2; C a3; D a4; E a5; F a6;
#define WEFT_FIELDS_7_(A, B, C, D, E, F, G, ...) A a1; B a2; C a3; D a4; E a5; F a6; G a7;
#define WEFT_FIELDS_8_(A, B, C, D, E, F, G, H, ...) A a1; B a2; C a3; D a4; E a5; F a6; G a7; H a8;
#define WEFT_VALUES_0_(p)
#define WEFT_VALUES_1_(p) p a1
#define WEFT_VALUES_2_(p) p a1, p a2
#define WEFT_VALUES_3_(p) p a1, p a2, p a3
#define WEFT_VALUES_4_(p) p a1, p a2, p a3, p a4
#define WEFT_VALUES_5_(p) p a1, p a2, p a3, p a4, p a5
#define WEFT_VALUES_6_(p) p a1, p a2, p a3, p a4, p a5, p a6
#define WEFT_VALUES_7_(p) p a1, p a2, p a3, p a4, p a5, p a6, p a7
#define WEFT_VALUES_8_(p) p a1, p a2, p a3, p a4, p a5, p a6, p a7, p a8
#define WEFT_STORE_0_(p)
#define WEFT_STORE_1_(p) p a1 = a1;
#define WEFT_STORE_2_(p) p a1 = a1; p a2 = a2;
#define WEFT_STORE_3_(p) p a1 = a1; p a2 = a2; p a3 = a3;
#define WEFT_STORE_4_(p) p a1 = a1; p a2 = a2; p a3 = a3; p a4 = a4;
#define WEFT_STORE_5_(p) p a1 = a1; p a2 = a2; p a3 = a3; p a4 = a4; p a5 = a5;
#define WEFT_STORE_6_(p) p a1 = a1; p a2 = a2; p a3 = a3; p a4 = a4; p a5 = a5; p a6 = a6;
#define WEFT_STORE_7_(p) p a1 = a1; p a2 = a2; p a3 = a3; p a4 = a4; p a5 = a5; p a6 = a6; p a7 = a7;
#define WEFT_STORE_8_(p) p a1 = a1; p a2 = a2; p a3 = a3; p a4 = a4; p a5 = a5; p a6 = a6; p a7 = a7; p a8 = a8;
#define WEFT_MORE_0_(p)
#define WEFT_MORE_1_(p) , p a1
#define WEFT_MORE_2_(p) , p a1, p a2
#define WEFT_MORE_3_(p) , p a1, p a2, p a3
#define WEFT_MORE_4_(p) , p a1, p a2, p a3, p a4
#define WEFT_MORE_5_(p) , p a1, p a2, p a3, p a4, p a5
#define WEFT_MORE_6_(p) , p a1, p a2, p a3, p a4, p a5, p a6
#define WEFT_MORE_7_(p) , p a1, p a2, p a3, p a4, p a5, p a6, p a7
#define WEFT_MORE_8_(p) , p a1, p a2, p a3, p a4, p a5, p a6, p a7, p a8
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
