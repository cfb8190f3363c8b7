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

/**
 * The product of two matrices (n, n), four rows at a time; of one that is known to be symmetric the upper half alone.
 *
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {number} n @param {boolean} [symmetric]
 */
export function product(a, b, n, symmetric = false) {
  const found = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const [row, first] = [i * n, symmetric ? i : 0];
    let k = 0;
    for (; k + 3 < n; k += 4) {
      const s0 = a[row + k], s1 = a[row + k + 1], s2 = a[row + k + 2], s3 = a[row + k + 3];
      const b0 = k * n, b1 = b0 + n, b2 = b1 + n, b3 = b2 + n;
      for (let j = first; j < n; j++) found[row + j] += s0 * b[b0 + j] + s1 * b[b1 + j] + s2 * b[b2 + j] + s3 * b[b3 + j];
    }
    for (; k < n; k++) {
      const share = a[row + k];
      for (let j = first, at = k * n; j < n; j++) found[row + j] += share * b[at + j];
    }
  }
  return symmetric ? mirrored(found, n) : found;
}

/** @param {Float64Array} matrix whose upper half is there @param {number} n */
function mirrored(matrix, n) {
  for (let i = 1; i < n; i++) for (let j = 0; j < i; j++) matrix[i * n + j] = matrix[j * n + i];
  return matrix;
}

/**
 * The matrix with these eigenvectors and other eigenvalues.
 *
 * @param {Float64Array} vectors vector after vector @param {Float64Array} values @param {number} n
 */
function composed(vectors, values, n) {
  const scaled = new Float64Array(n * n); // by rows: what the i-th of each vector comes to
  for (let k = 0; k < n; k++) for (let i = 0; i < n; i++) scaled[i * n + k] = vectors[k * n + i] * values[k];
  return product(scaled, vectors, n, true);
}

/** A power of a symmetric matrix whose eigenvalues count as `least` at least. @param {ArrayLike<number>} matrix @param {number} n @param {number} exponent @param {number} least */
export function power(matrix, n, exponent, least) {
  const { values, vectors } = eigen(matrix, n);
  return composed(vectors, values.map((one) => Math.max(one, least) ** exponent), n);
}

/**
 * What takes one covariance A to another, whose root is K: K (K A K)^-1/2 K, the optimal transport (Olkin and
 * Pukelsheim 1982), by one root where its other form wants two.
 *
 * @param {ArrayLike<number>} a @param {Float64Array} root K @param {number} n
 */
export function between(a, root, n) {
  const { values, vectors } = eigen(product(root, product(a, root, n), n, true), n);
  const least = 1e-15 * Math.max(...values); // what is smaller is rounding
  const inverse = composed(vectors, values.map((one) => (one > least ? one ** -0.5 : 0)), n);
  return product(root, product(inverse, root, n), n, true);
}

/** @type {WeakMap<object, Float64Array>} */
const roots = new WeakMap(); // of styles' covariances, found once

/** @param {ArrayLike<number> & object} covariance @param {number} n */
export function rootOf(covariance, n) {
  const known = roots.get(covariance) ?? power(covariance, n, 0.5, 0);
  roots.set(covariance, known);
  return known;
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
  const matrix = between(ridged, rootOf(style.covariance, n), n);
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
