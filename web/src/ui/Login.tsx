interface LoginProps {
  where: string // it is to be found
  says: string | null // of the last attempt
  login: (token: string) => Promise<void>
}

export function Login({ where, says, login }: LoginProps) {
  return (
    <main id="main" class="alone">
      <section class="panel" aria-labelledby="login-title">
        <h1 id="login-title">This page needs a token</h1>
        <p class="m">{where}</p>
        <form
          class="field"
          action="login"
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            const form = event.currentTarget
            const token = String(new FormData(form).get('token') ?? '')
            form.reset()
            void login(token)
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
          {says}
        </p>
      </section>
    </main>
  )
}
