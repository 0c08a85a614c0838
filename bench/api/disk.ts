import { closeSync, constants, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { figure, median } from '../figures.ts'

/** About what the journal writes for the pods that 32 connections create at once. */
const BYTES = 64 << 10
const WRITES = 200

/** How long the disk takes to write and flush as the journal does, over bytes that are there, with nobody else in between. */
export function diskAlone(print: (line: string) => void, directory: string): void {
  const path = join(directory, 'flushed')
  const content = Buffer.alloc(BYTES, 1)
  const plain = openSync(path, 'w')
  for (let i = 0; i < WRITES; i++) writeSync(plain, content)
  fdatasyncSync(plain)
  closeSync(plain)
  const synced = openSync(path, constants.O_RDWR | constants.O_DSYNC)
  const times = Array.from({ length: WRITES }, (_, i) => {
    const started = performance.now()
    writeSync(synced, content, 0, BYTES, i * BYTES)
    return performance.now() - started
  })
  closeSync(synced)
  rmSync(path)
  const sorted = times.toSorted((a, b) => a - b)
  print(figure('  the disk alone, 64 KiB written and flushed', [median(sorted)], 'ms'))
  print(figure('    99th percentile', [sorted[Math.floor(WRITES * 0.99)]!], 'ms'))
}
