/**
 * Replaces `$(NAME)` by the variable's value, and `$$` by `$`, as the API does for environment values, commands and
 * arguments. A name that is not known stays as it stands.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  if (!text.includes('$')) return text
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$'
    return Object.hasOwn(variables, name) ? (variables[name] ?? '') : match
  })
}
