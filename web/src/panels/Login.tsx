import { usePage } from '../ui/context'

export function Login() {
  const page = usePage()
  const { login } = page.state
  return (
    <main id="main" class="alone">
      <section class="panel" aria-labelledby="login-title">
        <h1 id="login-title">This page needs a token</h1>
        <p class="m">It is the one in ARGUS_DASHBOARD_AUTH_TOKEN, or else ARGUS_METRICS_AUTH_TOKEN, of the process.</p>
        <form
          class="field"
          action="login"
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            const form = event.currentTarget
            const token = String(new FormData(form).get('token') ?? '')
            form.reset()
            void page.login(token)
          }}
        >
          <label class="b" for="token">
            Token
          </label>
          <input type="text" autocomplete="username" hidden />
          <input id="token" name="token" type="password" required autocomplete="current-password" aria-describedby="login-says" />
          <button class="btn main" type="submit">
            Log in
          </button>
        </form>
        <p id="login-says" class="bad says" role="alert">
          {login}
        </p>
      </section>
    </main>
  )
}
