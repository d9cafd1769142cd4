/**
 * How many rows one call of a graph may take so that a row's bits do not depend on the rows beside it.
 *
 * Vectorised kernels treat the last elements of a tensor (those that do not fill a vector) with other code than the
 * rest, a product of one row goes another way than one of many, and a sum along an unaligned row groups its terms by
 * their addresses. Each changes last bits. So, measured against ONNX Runtime 1.30 with one thread:
 * - graphs of EXACT operators only: any number of rows;
 * - with VECTOR operators: the number of rows filled up to a multiple of 16, which fills whole vectors of 512 bits;
 * - with any other operator (sums along rows, sin and cos, operators that nobody measured): each row alone.
 */

/** Move values, compare them, round an element once, or walk trees row by row. */
const EXACT = words(`
  Abs Add And ArgMax ArgMin ArrayFeatureExtractor Binarizer Cast Concat Constant Div Equal FeatureVectorizer Flatten
  Gather Greater GreaterOrEqual Identity Imputer IsInf IsNaN LabelEncoder Less LessOrEqual Mul Neg Not OneHotEncoder Or
  Reshape Scaler Shape Slice Split Sqrt Squeeze Sub TreeEnsembleClassifier TreeEnsembleRegressor Unsqueeze Where ZipMap
`)
const VECTOR = words(`
  BatchNormalization Celu Clip Elu Erf Exp Gelu Gemm HardSigmoid HardSwish LayerNormalization LeakyRelu LinearClassifier
  LinearRegressor Log LogSoftmax MatMul Max Min Mish Normalizer PRelu Pow Reciprocal Relu Selu Sigmoid Softmax Softplus
  Softsign Tanh ThresholdedRelu TreeEnsemble
`)
const VECTOR_ROWS = 16

/**
 * Rows of one call. With 100 trees of depth 6, 33 features: 58k rows/s at 1, 177k at 32, 210k from 256 to 8,192
 * (one thread); so 256, which gives the event loop back after about a millisecond.
 */
const ROWS_MAX = 256

export interface CallShape {
  /** Rows that one call may score. */
  readonly rowsMax: number
  /** The rows of a call are filled up to a multiple of this. */
  readonly multipleOf: number
}

/** @param fixedRows rows that the model takes, no more and no less; null: any number. */
export function callShape(operators: readonly string[], fixedRows: number | null): CallShape {
  const exact = operators.every(name => EXACT.has(name))
  const steady = exact || operators.every(name => EXACT.has(name) || VECTOR.has(name))
  if (fixedRows !== null) {
    return { rowsMax: exact || (steady && fixedRows % VECTOR_ROWS === 0) ? fixedRows : 1, multipleOf: fixedRows }
  }
  return { rowsMax: steady ? ROWS_MAX : 1, multipleOf: steady && !exact ? VECTOR_ROWS : 1 }
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
