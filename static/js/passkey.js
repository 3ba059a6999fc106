// What django-allauth's script says to the console alone: that the browser can make no passkey, or was told not to.
const say = (why) => document.querySelectorAll("[data-passkey]").forEach((box) => { box.hidden = box.dataset.passkey !== why; });
if (!window.PublicKeyCredential) say("cannot");
document.addEventListener("allauth.error", (event) => { event.preventDefault(); say("refused"); });
