/**
 * Numbers with labels, in the text form that Prometheus reads. A child (one combination of labels) is looked up once and kept
 * by whoever counts often: counting is then an addition.
 */
export interface Counter {
  add(by?: number): void
}

export interface Histogram {
  observe(value: number): void
}

/** A metric with all its children. */
export interface Family<Child> {
  /** The child with these values of the labels, in the order of their names. */
  with(...values: readonly string[]): Child
}

/** Combinations of labels beyond these share one child without values: labels that clients choose must not fill the memory. */
const MAX_CHILDREN = 5_000

/** All families of a server, to be read as one text. */
export interface Families {
  counter(name: string, help: string, labels: readonly string[]): Family<Counter>
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Family<Histogram>
  /** Values that are only asked for when they are read. */
  gauge(name: string, help: string, labels: readonly string[], read: () => Iterable<Sample>): void
  text(): string
}

/** A value with those of its labels. */
export type Sample = readonly [value: number, ...labels: readonly string[]]

export function createFamilies(): Families {
  const printers: (() => string)[] = []
  return {
    counter(name, help, labels) {
      const children = childrenOf(labels, () => ({ value: 0 }))
      printers.push(() => {
        const lines = children.all().map(([shown, { value }]) => `${name}${shown} ${value}\n`)
        return headOf(name, help, 'counter') + lines.join('')
      })
      return {
        with: (...values) => {
          const child = children.get(values)
          return { add: (by = 1) => void (child.value += by) }
        },
      }
    },
    histogram(name, help, labels, buckets) {
      const children = childrenOf(labels, () => ({ counts: new Float64Array(buckets.length + 1), sum: 0 }))
      printers.push(() => {
        const lines = children.all().map(([shown, child]) => histogramLines(name, shown, child, buckets))
        return headOf(name, help, 'histogram') + lines.join('')
      })
      return {
        with: (...values) => {
          const child = children.get(values)
          return {
            observe(value) {
              let i = 0
              while (i < buckets.length && value > buckets[i]!) i++
              child.counts[i]!++
              child.sum += value
            },
          }
        },
      }
    },
    gauge(name, help, labels, read) {
      printers.push(() => {
        const lines = [...read()].map(([value, ...values]) => `${name}${shownLabels(labels, values)} ${value}\n`)
        return headOf(name, help, 'gauge') + lines.join('')
      })
    },
    text: () => printers.map((print) => print()).join(''),
  }
}

function childrenOf<Child>(labels: readonly string[], make: () => Child) {
  const children = new Map<string, Child>()
  return {
    get(values: readonly string[]): Child {
      const key = values.join('\0')
      let child = children.get(key)
      if (child !== undefined) return child
      const isFull = children.size >= MAX_CHILDREN
      const known = isFull ? labels.map(() => '').join('\0') : key
      child = children.get(known) ?? make()
      children.set(known, child)
      return child
    },
    all: () => [...children].map(([key, child]) => [shownLabels(labels, key.split('\0')), child] as const),
  }
}

function headOf(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function shownLabels(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return ''
  const pairs = names.map((name, i) => `${name}="${escaped(values[i] ?? '')}"`)
  return `{${pairs.join(',')}}`
}

const escaped = (value: string): string =>
  value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)

function histogramLines(
  name: string,
  shown: string,
  { counts, sum }: { readonly counts: Float64Array; readonly sum: number },
  buckets: readonly number[],
): string {
  const before = shown === '' ? '{' : `${shown.slice(0, -1)},`
  let text = ''
  let total = 0
  for (let i = 0; i <= buckets.length; i++) {
    total += counts[i]!
    text += `${name}_bucket${before}le="${i === buckets.length ? '+Inf' : buckets[i]}"} ${total}\n`
  }
  return `${text}${name}_sum${shown} ${sum}\n${name}_count${shown} ${total}\n`
}
