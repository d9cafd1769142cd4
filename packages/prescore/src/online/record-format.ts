/** What the numbers in a block's bytes say beside what they count. */

/** Of a block's head: the tail is not alone. */
export const HAS_MORE = 2 ** 31
/** Of a block's head: known-at is stored as what lies between it and the event time. */
export const IS_RELATIVE = 2 ** 30
export const COUNT_MASK = IS_RELATIVE - 1
/** Of a text's length: it is not well formed, and stored as UTF-16. */
export const IS_UTF16 = 2 ** 31
