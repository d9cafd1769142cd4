/**
 * The version of what features mean, to the last bit. It is part of every feature hash: models are trained on the bits
 * of one version and must be served by them. A test holds golden bits; a change that alters them is a new version.
 */
export const KERNEL_VERSION = 1
