/**
 * What was measured, as weights in buckets that grow with the value; a sample counts half as much as one that is a half-life
 * younger. After the recommender of Kubernetes' vertical pod autoscaler (`pkg/recommender/util`, DecayingHistogram).
 */
export interface Histogram {
  add(value: number, weight: number, atMs: number): void
  /** Takes back a sample that was added with the same value, weight and time. */
  subtract(value: number, weight: number, atMs: number): void
  /** The value that the given share of all weight does not exceed, as the end of its bucket; 0 of an empty one. */
  percentile(share: number): number
  isEmpty(): boolean
  save(): HistogramState
  /** Puts what was saved in place of what is there. */
  restore(state: HistogramState): void
}

/** Weights of buckets that are not empty, by the bucket's number, as they were at the time of reference. */
export interface HistogramState {
  readonly referenceMs: number
  readonly weights: ReadonlyMap<number, number>
}

export interface HistogramOptions {
  /** The width of the first bucket, in the unit of the values. */
  readonly firstBucket: number
  /** Whatever is larger falls into the last bucket. */
  readonly largest: number
  readonly halfLifeMs: number
}

/** Each bucket is wider by so much than the one before it. */
const RATIO = 1.05
/** Lighter buckets count as empty. */
const EPSILON = 0.001
/** Weights grow with time; beyond so many half-lives they are scaled down, to stay exact. */
const MOST_HALF_LIVES = 100

export function createHistogram({ firstBucket, largest, halfLifeMs }: HistogramOptions): Histogram {
  const bucketOf = (value: number) =>
    value < firstBucket ? 0 : Math.floor(Math.log((value / firstBucket) * (RATIO - 1) + 1) / Math.log(RATIO))
  const startOf = (bucket: number) => (firstBucket * (RATIO ** bucket - 1)) / (RATIO - 1)
  const last = bucketOf(largest) + 1
  const weights = new Float64Array(last + 1)
  let referenceMs: number | undefined

  const factorAt = (atMs: number) => {
    referenceMs ??= atMs
    if (atMs - referenceMs > MOST_HALF_LIVES * halfLifeMs) {
      const shift = Math.round((atMs - referenceMs) / halfLifeMs)
      for (let i = 0; i <= last; i++) weights[i] = weights[i]! * 2 ** -shift
      referenceMs += shift * halfLifeMs
    }
    return 2 ** ((atMs - referenceMs) / halfLifeMs)
  }
  const change = (value: number, weight: number, atMs: number) => {
    const bucket = Math.min(last, bucketOf(value))
    weights[bucket] = Math.max(0, weights[bucket]! + weight * factorAt(atMs))
  }
  const isHeavy = (weight: number) => weight > EPSILON
  return {
    add: change,
    subtract: (value, weight, atMs) => change(value, -weight, atMs),
    percentile(share) {
      const total = weights.reduce((sum, weight) => sum + (isHeavy(weight) ? weight : 0), 0)
      if (total === 0) return 0
      let sum = 0
      let bucket = 0
      for (let i = 0; i <= last; i++) {
        if (!isHeavy(weights[i]!)) continue
        bucket = i
        sum += weights[i]!
        if (sum >= share * total) break
      }
      return startOf(Math.min(bucket + 1, last))
    },
    isEmpty: () => !weights.some(isHeavy),
    save: () => ({
      referenceMs: referenceMs ?? 0,
      weights: new Map([...weights.entries()].filter(([, weight]) => isHeavy(weight))),
    }),
    restore(state) {
      weights.fill(0)
      referenceMs = state.weights.size === 0 ? undefined : state.referenceMs
      for (const [bucket, weight] of state.weights) if (bucket >= 0 && bucket <= last) weights[bucket] = weight
    },
  }
}
