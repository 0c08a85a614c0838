import { expect, test } from 'vitest'
import type { KubeObject } from '../object.ts'
import { kindOfPath, recordedSteps } from '../recorded-steps.ts'
import { decodeObject } from '../schema/decode.ts'
import { applyDefaults } from '../defaults/defaults.ts'
import { columnsOf } from './columns.ts'

interface Table {
  readonly columnDefinitions: unknown
  readonly rows: readonly { readonly cells: readonly unknown[] }[]
}

const CREATED = '2026-01-02T03:04:05Z'
const steps = recordedSteps('tables')
const tables = steps.filter(
  (step) => step.answer?.kind === 'Table' && step.method === 'GET' && !step.path.endsWith('/p'),
)

test.each(tables.map((step) => [step.id, step] as const))(
  'the table of %s has the columns and cells of Kubernetes',
  (_, step) => {
    const { type } = kindOfPath(step.path)
    const table = step.answer as unknown as Table
    const columns = columnsOf(type)
    expect(columns.columns).toEqual(table.columnDefinitions)
    const made = steps.find((one) => one.method === 'POST' && one.setup && kindOfPath(one.path).type === type)
    const { object } = decodeObject(type, made?.body)
    applyDefaults(type, object)
    object.metadata.creationTimestamp = CREATED
    const cells = columns.cells(
      { status: { phase: 'Pending' }, ...object } as unknown as KubeObject,
      Date.parse(CREATED),
    )
    const isAllocated = (cell: unknown) => typeof cell === 'string' && /<cluster-ip>|<uid>/.test(cell)
    table.rows[0]?.cells.forEach((cell, i) => {
      if (!isAllocated(cell) && !(type.kind === 'Pod' && i === 2)) expect(cells[i], `column ${i}`).toEqual(cell)
    })
  },
)
