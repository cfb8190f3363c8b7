// Looks that are changed here and elsewhere at the same time.

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * The looks `theirs` with what was changed from `base` to `mine`, value by value: of two that were changed, mine stays.
 * All three are looks by region, a look an object of values; those that it does not say are the `defaults`.
 */
export function merged(base, mine, theirs, defaults = {}) {
  const found = {};
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [was, is, other] = [{ ...defaults, ...base[name] }, mine[name], theirs[name]];
    if (!is) {
      if (!(name in base)) found[name] = structuredClone(other);
      continue;
    }
    const look = { ...other };
    for (const key of Object.keys(is)) {
      if (!same(was[key], is[key])) look[key] = is[key];
    }
    if (other || Object.keys(look).length) found[name] = structuredClone(look);
  }
  return found;
}
