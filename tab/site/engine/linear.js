// @ts-check
// Symmetric matrices in float64: eigenvalues, and the optimal transport of one Gaussian to another, as
// `styfie.engines.fast.transport` finds it.

const PLAIN = 0.025 ** 2; // mean variance of colours up to which a region is plain
const RIDGE = 3e-3; // added to the photo's variances, as a share of their mean

/**
 * @typedef {{ mean: Float32Array, covariance: Float32Array }} Gaussian of C channels
 * @typedef {{ matrix: Float32Array<ArrayBuffer>, offset: Float32Array<ArrayBuffer> }} Affine
 */

/**
 * Eigenvalues of a symmetric matrix (n, n) and its eigenvectors, vector after vector.
 *
 * Householder's reduction to three diagonals, then implicit QL (EISPACK's tred2 and tql2, after Bowdler, Martin,
 * Reinsch and Wilkinson 1968).
 *
 * @param {ArrayLike<number>} matrix @param {number} n
 */
export function eigen(matrix, n) {
  const vectors = Float64Array.from(matrix);
  const [values, side] = [new Float64Array(n), new Float64Array(n)];
  tridiagonal(vectors, values, side, n);
  implicit(vectors, values, side, n);
  return { values, vectors };
}

/**
 * V is held by columns, `v[j * n + i]` the i-th of column j: what is summed over is contiguous.
 *
 * @param {Float64Array} v @param {Float64Array} d @param {Float64Array} e @param {number} n
 */
function tridiagonal(v, d, e, n) {
  for (let j = 0; j < n; j++) d[j] = v[j * n + n - 1];
  for (let i = n - 1; i > 0; i--) {
    let scale = 0;
    let h = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(d[k]);
    if (scale === 0) {
      e[i] = d[i - 1];
      for (let j = 0; j < i; j++) {
        d[j] = v[j * n + i - 1];
        v[j * n + i] = 0;
        v[i * n + j] = 0;
      }
    } else {
      for (let k = 0; k < i; k++) {
        d[k] /= scale;
        h += d[k] * d[k];
      }
      let f = d[i - 1];
      let g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      e[i] = scale * g;
      h -= f * g;
      d[i - 1] = f - g;
      e.fill(0, 0, i);
      for (let j = 0; j < i; j++) {
        f = d[j];
        const column = j * n;
        v[i * n + j] = f;
        g = e[j] + v[column + j] * f;
        for (let k = j + 1; k < i; k++) {
          g += v[column + k] * d[k];
          e[k] += v[column + k] * f;
        }
        e[j] = g;
      }
      f = 0;
      for (let j = 0; j < i; j++) {
        e[j] /= h;
        f += e[j] * d[j];
      }
      const hh = f / (h + h);
      for (let j = 0; j < i; j++) e[j] -= hh * d[j];
      for (let j = 0; j < i; j++) {
        f = d[j];
        g = e[j];
        const column = j * n;
        for (let k = j; k < i; k++) v[column + k] -= f * e[k] + g * d[k];
        d[j] = v[column + i - 1];
        v[column + i] = 0;
      }
    }
    d[i] = h;
  }
  for (let i = 0; i < n - 1; i++) {
    v[i * n + n - 1] = v[i * n + i];
    v[i * n + i] = 1;
    const h = d[i + 1];
    const next = (i + 1) * n;
    if (h !== 0) {
      for (let k = 0; k <= i; k++) d[k] = v[next + k] / h;
      for (let j = 0; j <= i; j++) {
        const column = j * n;
        let g = 0;
        for (let k = 0; k <= i; k++) g += v[next + k] * v[column + k];
        for (let k = 0; k <= i; k++) v[column + k] -= g * d[k];
      }
    }
    v.fill(0, next, next + i + 1);
  }
  for (let j = 0; j < n; j++) {
    d[j] = v[j * n + n - 1];
    v[j * n + n - 1] = 0;
  }
  v[n * n - 1] = 1;
  e[0] = 0;
}

/** @param {Float64Array} v @param {Float64Array} d @param {Float64Array} e @param {number} n */
function implicit(v, d, e, n) {
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  let f = 0;
  let largest = 0;
  for (let l = 0; l < n; l++) {
    largest = Math.max(largest, Math.abs(d[l]) + Math.abs(e[l]));
    let m = l;
    while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * largest) m++;
    if (m > l) {
      do {
        let g = d[l];
        let p = (d[l + 1] - g) / (2 * e[l]);
        let r = p < 0 ? -Math.hypot(p, 1) : Math.hypot(p, 1);
        d[l] = e[l] / (p + r);
        d[l + 1] = e[l] * (p + r);
        const next = d[l + 1];
        let h = g - d[l];
        for (let i = l + 2; i < n; i++) d[i] -= h;
        f += h;
        p = d[m];
        let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0];
        const after = e[l + 1];
        for (let i = m - 1; i >= l; i--) {
          c3 = c2;
          c2 = c;
          s2 = s;
          g = c * e[i];
          h = c * p;
          r = Math.sqrt(p * p + e[i] * e[i]);
          e[i + 1] = s * r;
          s = e[i] / r;
          c = p / r;
          p = c * d[i] - s * g;
          d[i + 1] = h + s * (c * g + s * d[i]);
          turn(v, i * n, n, c, s);
        }
        p = -s * s2 * c3 * after * e[l] / next;
        e[l] = s * p;
        d[l] = c * p;
      } while (Math.abs(e[l]) > Number.EPSILON * largest);
    }
    d[l] += f;
    e[l] = 0;
  }
}

/** Turn a column and the next. @param {Float64Array} v @param {number} at @param {number} n @param {number} c @param {number} s */
function turn(v, at, n, c, s) {
  for (let k = at, end = at + n; k < end; k++) {
    const h = v[k + n];
    v[k + n] = s * v[k] + c * h;
    v[k] = c * v[k] - s * h;
  }
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {number} n */
export function product(a, b, n) {
  const found = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = found.subarray(i * n, (i + 1) * n);
    for (let k = 0; k < n; k++) {
      const share = a[i * n + k];
      if (share === 0) continue;
      for (let j = 0, at = k * n; j < n; j++) row[j] += share * b[at + j];
    }
  }
  return found;
}

/**
 * The matrix with these eigenvectors and other eigenvalues.
 *
 * @param {Float64Array} vectors vector after vector @param {ArrayLike<number>} values @param {number} n
 */
function composed(vectors, values, n) {
  const found = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const at = k * n;
    for (let i = 0; i < n; i++) {
      const share = vectors[at + i] * values[k];
      for (let j = 0, to = i * n; j < n; j++) found[to + j] += share * vectors[at + j];
    }
  }
  return found;
}

/** A power of a symmetric matrix whose eigenvalues count as `least` at least. @param {ArrayLike<number>} matrix @param {number} n @param {number} exponent @param {number} least */
export function power(matrix, n, exponent, least) {
  const { values, vectors } = eigen(matrix, n);
  return composed(vectors, values.map((one) => Math.max(one, least) ** exponent), n);
}

/** A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2, for eigenvalues of A of `least` at least. @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {number} n @param {number} least */
export function between(a, b, n, least) {
  const { values, vectors } = eigen(a, n);
  const roots = values.map((one) => Math.sqrt(Math.max(one, least)));
  const root = composed(vectors, roots, n);
  const inverse = composed(vectors, roots.map((one) => 1 / one), n);
  const middle = power(product(product(root, b, n), root, n), n, 0.5, 0);
  return product(product(inverse, middle, n), inverse, n);
}

/**
 * What moves a photo's features to a style's; of colours (3 channels) those that are plain are raised less.
 *
 * @param {Gaussian} photo @param {Gaussian} style @returns {Affine}
 */
export function transport(photo, style) {
  const n = photo.mean.length;
  const ridged = Float64Array.from(photo.covariance);
  let variance = 0;
  for (let i = 0; i < n; i++) variance += ridged[i * n + i] / n;
  const ridge = Math.max(RIDGE * variance + 1e-8, (n === 3 ? PLAIN : 0) - variance);
  for (let i = 0; i < n; i++) ridged[i * n + i] += ridge;
  const matrix = between(ridged, Float64Array.from(style.covariance), n, 1e-10);
  return { matrix: Float32Array.from(matrix), offset: offsetOf(matrix, photo.mean, style.mean) };
}

/** @param {Float64Array} matrix @param {ArrayLike<number>} mean @param {ArrayLike<number>} wanted */
export function offsetOf(matrix, mean, wanted) {
  return Float32Array.from(wanted, (goal, i) => {
    let moved = 0;
    for (let j = 0; j < mean.length; j++) moved += matrix[i * mean.length + j] * mean[j];
    return goal - moved;
  });
}
