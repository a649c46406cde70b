// Passkeys: the form asks the browser for a proof, puts it in its hidden field, and leaves.
// Without JavaScript the form posts an empty proof and the server says so.
const page = document.getElementById("passkey-data")

async function options (form) {
  if (!form.dataset.options) return JSON.parse(page.textContent)
  const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } })
  if (!answer.ok) throw new Error(answer.statusText)
  return answer.json()
}

async function prove (form) {
  const data = await options(form)
  if (form.dataset.passkey === "get") return window.webauthnJSON.get(data.request_options)
  const wanted = data.creation_options
  const alone = form.elements.passwordless?.checked ?? false
  Object.assign(wanted.publicKey.authenticatorSelection, {
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone ? { userVerification: "required" } : {})
  })
  return window.webauthnJSON.create(wanted)
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async event => {
    event.preventDefault()
    const alarm = form.querySelector("[role=alert]")
    alarm.hidden = true
    try {
      form.elements.credential.value = JSON.stringify(await prove(form))
      form.submit()
    } catch {
      alarm.hidden = false
    }
  })
}
