// @ts-check
// Noise, standard normal and even, as PyTorch draws it on the processor, so that a seed means the same picture here and there:
// the Mersenne Twister (Matsumoto and Nishimura 1998), and sixteen numbers at a time by Box and Muller (1958).

const [LENGTH, PERIOD] = [624, 397];

class Twister {
  /** @param {number} seed */
  constructor(seed) {
    this.state = new Uint32Array(LENGTH);
    this.state[0] = seed;
    for (let i = 1; i < LENGTH; i++) {
      const last = this.state[i - 1] ^ (this.state[i - 1] >>> 30);
      this.state[i] = Math.imul(1812433253, last) + i;
    }
    this.at = LENGTH;
  }

  #more() {
    const { state } = this;
    for (let i = 0; i < LENGTH; i++) {
      const both = (state[i] & 0x80000000) | (state[(i + 1) % LENGTH] & 0x7fffffff);
      state[i] = state[(i + PERIOD) % LENGTH] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  /** In [0, 1), of 24 bits. */
  uniform() {
    if (this.at === LENGTH) this.#more();
    let y = this.state[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return (y & 0xffffff) / 0x1000000;
  }
}

/** Numbers even in [0, 1). @param {number} count @param {number} seed */
export function drawEven(count, seed) {
  const draw = new Twister(seed);
  return Float32Array.from({ length: count }, () => draw.uniform());
}

/** @param {Float32Array} data @param {number} at */
function normal16(data, at) {
  for (let j = at; j < at + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - data[j]));
    const theta = 2 * Math.PI * data[j + 8];
    data[j] = radius * Math.cos(theta);
    data[j + 8] = radius * Math.sin(theta);
  }
}

/** @param {Twister} draw @param {number} count */
function normals(draw, count) {
  const data = new Float32Array(Math.max(16, count));
  for (let i = 0; i < data.length; i++) data[i] = draw.uniform();
  for (let i = 0; i < data.length - 15; i += 16) normal16(data, i);
  if (data.length % 16) {
    const last = data.length - 16;
    for (let i = last; i < data.length; i++) data[i] = draw.uniform();
    normal16(data, last);
  }
  return data.slice(0, count); // of maps of fewer than sixteen cells PyTorch draws others
}

/**
 * Noise for all maps but the finest of a picture, as `draw_noise`.
 *
 * @param {[height: number, width: number]} size @param {number} seed
 */
export function drawNoise(size, seed) {
  const draw = new Twister(seed);
  let [height, width] = size;
  return [1, 2, 3, 4].map(() => {
    [height, width] = [Math.ceil(height / 2), Math.ceil(width / 2)];
    return { channels: 1, height, width, data: normals(draw, height * width) };
  });
}
