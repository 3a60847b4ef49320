/** What people see where a secret stands. */
export const HIDDEN = '[secret]'

const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*:)[^\s/?#]+(?=@)/gi
const SECRET_OPTION = /^(--?[\w-]*(?:password|passwd|secret|token|api-?key)[\w-]*=).+$/is

/** Hides the password of URLs, and the value of options named like a secret, in a text such as an argument. */
export function hideSecretsInText(text: string): string {
  return text.replace(SECRET_OPTION, `$1${HIDDEN}`).replace(URL_PASSWORD, `$1${HIDDEN}`)
}

/** The same for a list of arguments, where the value may stand behind the option: `--token abc`. */
export function hideSecretsInArgs(args: readonly string[]): string[] {
  return args.map((arg, index) => {
    const option = args[index - 1] ?? ''
    const isSecretValue = !arg.startsWith('-') && !option.includes('=') && SECRET_OPTION.test(`${option}=x`)
    return isSecretValue ? HIDDEN : hideSecretsInText(arg)
  })
}
