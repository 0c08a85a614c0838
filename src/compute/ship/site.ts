/** A place in a user's source where a function or class is made: what the syntax alone says of it. */
export interface Site {
  readonly kind: 'arrow' | 'function' | 'method' | 'class'
  /** The text of the function; of a method, from its parameters' parenthesis on. */
  readonly start: number
  readonly end: number
  /** The name that the engine gives it: its own, or that of what it is assigned to; empty for none. */
  readonly name: string
  readonly isAsync: boolean
  readonly isGenerator: boolean
  /** True where it is an expression without a name of its own, so that its name must be given by its surroundings. */
  readonly isAnonymous: boolean
  readonly free: readonly FreeVariable[]
  readonly usesThis: boolean
  /** Syntax that ties it to where it stands: `super`, `new.target`, `arguments` of an outer function, `#private`. */
  readonly bound: readonly string[]
  /** Where `import.meta` stands in it. */
  readonly importMeta: readonly number[]
  /** Modules that it imports dynamically by a literal name, and where the word `import` stands (-1: none is there). */
  readonly dynamicImports: readonly DynamicImport[]
}

export interface DynamicImport {
  readonly at: number
  readonly specifier: string
}

/** A variable that a function uses and does not declare. */
export interface FreeVariable {
  readonly name: string
  /** Where it is declared, as an offset, to tell variables of one name apart; unused for globals. */
  readonly declared: number
  /** Where the function first uses it. */
  readonly used: number
  /** Set where it was imported: from which module, and under which name (`*` for the whole namespace). */
  readonly imported?: { readonly specifier: string; readonly name: string }
  /** Set where every use is `variable.member`: only these members are needed, which matters for namespaces. */
  readonly members?: readonly string[]
  /** True where some function other than the declaring one assigns it, so that its value is shared state. */
  readonly isShared: boolean
}

/** A module or script of the user, as far as shipping needs it. */
export interface SourceFile {
  /** Path of the file, or the URL where it is not a file. */
  readonly file: string
  readonly url: string
  /** Plain JavaScript whose positions are those of the user's source. */
  readonly text: string
  readonly isStrict: boolean
  readonly sites: readonly Site[]
  /** What the module hook put into the text that runs; empty where it runs as it is. */
  readonly insertions: readonly Insertion[]
}

/** Text put into a module at an offset of its original text. */
export interface Insertion {
  readonly at: number
  readonly text: string
}
