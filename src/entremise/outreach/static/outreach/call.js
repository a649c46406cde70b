// The call screen keeps what was typed when the network, the server or the session fails, and offers to try again.
// Without JavaScript, the form is a plain one: the browser keeps it.
const words = {
  network: "Le réseau ne répond pas. Tout est encore sur cette page.",
  server: "Le serveur n’a pas pu l’enregistrer. Tout est encore sur cette page.",
  session: "Votre session est finie. Reconnectez-vous dans un autre onglet, puis réessayez : tout est encore ici.",
}

function unsent(why) {
  const note = document.getElementById("unsent")
  if (!note) return
  note.querySelector("span").textContent = words[why]
  note.hidden = false
  note.scrollIntoView({ block: "nearest" })
}

// The report itself, not the heartbeat nor the questions of the script.
const sent = event => event.detail.elt?.matches?.("#report, [form=report], #report button")

document.addEventListener("htmx:beforeRequest", event => {
  const note = document.getElementById("unsent")
  if (note && sent(event)) note.hidden = true
})
for (const [name, why] of [["htmx:sendError", "network"], ["htmx:timeout", "network"], ["htmx:responseError", "server"]]) {
  document.addEventListener(name, event => { if (sent(event)) unsent(why) })
}
document.addEventListener("htmx:beforeSwap", event => {
  // A page that is not this one (the log-in): the form stays.
  const { xhr, target } = event.detail
  if (target?.id === "page" && xhr.status < 500 && !xhr.responseText.includes('id="report"')) {
    event.detail.shouldSwap = false
    unsent("session")
  }
})
document.addEventListener("htmx:afterSettle", event => {
  if (event.detail.elt?.id === "page") event.detail.elt.querySelector("[autofocus]")?.focus()
})
