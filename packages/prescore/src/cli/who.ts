import { userInfo } from 'node:os'

/** Who gives the command: the name of the operating system's user. */
export function who(): { readonly who?: string } {
  try {
    return { who: userInfo().username }
  } catch {
    return {}
  }
}
