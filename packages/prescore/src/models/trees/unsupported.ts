/** The model is one that only ONNX Runtime runs; `message` says what in it is outside of what the tree runtime knows. */
export class Unsupported extends Error {}
