import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

/**
 * Modules of Node's own are asked for at their first use. An import of one reads all its names first, and with them come others: of
 * `node:fs` its promises and with those the editor of lines of a terminal, of `node:http` a whole fetch. What is a
 * function itself, such as `node:events`, is taken at once.
 */
export const nodeModules: Plugin = {
  name: 'modules of Node',
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules)
    onResolve({ filter: /^[a-z\d:_/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      // Who imports one while it runs wants it now, with all its names.
      if (names.has(name) && kind === 'dynamic-import') return { path: `node:${name}`, external: true }
      return names.has(name) ? { path: name, namespace: 'node', sideEffects: false } : undefined
    })
    onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => ({ loader: 'js', contents: sourceOf(path) }))
  },
}

function sourceOf(name: string): string {
  const taken = `process.getBuiltinModule(${JSON.stringify(`node:${name}`)})`
  const module = process.getBuiltinModule(`node:${name}`) as unknown
  if (typeof module !== 'object' || module === null || module === process) return `module.exports = ${taken}`
  const getters = Object.keys(module).map(
    (key) => `get ${JSON.stringify(key)}() { return taken()[${JSON.stringify(key)}] }`,
  )
  return `let module_; const taken = () => (module_ ??= ${taken}); module.exports = { ${getters.join(', ')} }`
}
