import { Failure } from './api'

// sendToken sends the token once, for a cookie, and returns null, or why that failed. The
// token is kept nowhere.
export async function sendToken(request: typeof fetch, token: string): Promise<string | null> {
  try {
    const response = await request('./login', {
      method: 'POST',
      credentials: 'same-origin',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    })
    if (response.status === 401) throw new Failure(401, 'This token is wrong.')
    if (response.status === 429) {
      const wait = Number(response.headers.get('Retry-After')) || 0
      throw new Failure(429, `Too many attempts. Try again in ${wait > 0 ? `${wait} s` : 'a minute'}.`)
    }
    if (response.type !== 'opaqueredirect' && !response.ok) throw new Failure(response.status, `The login failed with status ${response.status}.`)
    return null
  } catch (err) {
    return err instanceof Failure ? err.message : 'The process does not answer.'
  }
}
