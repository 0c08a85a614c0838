import { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'
import type { CreateProgram } from './program.ts'

/** Evaluates a bundle in the CommonJS form and takes its `createProgram`. */
export function loadProgram(source: string, hash: string): CreateProgram {
  const module = { exports: {} as { createProgram?: CreateProgram } }
  const evaluate = compileFunction(source, ['module', 'exports', 'require'], { filename: `shoal:program/${hash}` })
  evaluate(module, module.exports, createRequire(`${process.cwd()}/`))
  const { createProgram } = module.exports
  if (createProgram === undefined) throw new Error(`Cannot load program "${hash}": it exports no createProgram`)
  return createProgram
}
