// The reader's camera: a small picture of what it sees, until a photo is taken. Nothing leaves the machine.
import { button, calm, h, toggle } from "./kit.js";
import { grabPicture } from "./picture.js";

/**
 * Handle: { root, opener, close(refocus) }: the panel, and the button that opens it. `onPicture(picture)` gets a photo
 * that was taken; `onFrame(picture)` each frame while the reader wants to follow live, and is awaited before the next
 * one. `size(name)` is the longer side in pixels, of a "camera"'s frame or of a "photo". `mirrored`: who looks into the
 * camera sees what a mirror would show.
 */
export function camera({ ui, size, onPicture, onFrame, mirrored = false }) {
  let stream = null;
  const video = h("video", { muted: true, playsinline: true, "aria-label": "What the camera sees" });
  const note = h("p", { class: "nst-note", role: "status" });
  const live = toggle({ label: "follow it live", value: !calm(), onChange: () => follow() });
  const take = button("Take this picture", () => {
    const photo = grab("photo");
    close();
    if (photo) onPicture(photo);
  });
  const panel = h(
    "div",
    { class: "nst-camera", hidden: true },
    video,
    h("div", { class: "nst-buttons" }, take.root, button("Close the camera", () => close()).root, live.root),
  );
  const opener = button("Camera", () => (stream ? close() : open()), { title: "What it sees stays on this machine." });
  const root = h("div", {}, note, panel);
  let following = false;
  ui.onEnd(() => close(false));

  function grab(name) {
    try {
      return { ...grabPicture(video, video.videoWidth, video.videoHeight, size(name), turned()), name };
    } catch (error) {
      close();
      note.textContent = error.message;
      return null;
    }
  }

  /** A camera at the back of a phone looks at what is in front of the reader: nothing to turn. */
  function turned() {
    return mirrored && stream.getVideoTracks()[0].getSettings().facingMode !== "environment";
  }

  async function open() {
    note.textContent = "";
    if (!navigator.mediaDevices) {
      note.textContent = "A browser gives its camera only to pages of this machine or over https.";
      return;
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } }, audio: false });
    } catch (error) {
      note.textContent =
        error.name === "NotFoundError"
          ? "There is no camera."
          : "The camera was not given to this page. The browser's settings for this page decide that.";
      return;
    }
    video.srcObject = stream;
    await video.play();
    video.classList.toggle("nst-mirrored", turned());
    panel.hidden = false;
    take.root.focus();
    follow();
  }

  async function follow() {
    if (following) return;
    following = true;
    while (stream && live.input.checked) {
      const drawn = new Promise((done) => requestAnimationFrame(done)); // a hidden page waits
      const seen = video.videoWidth && grab("camera");
      if (seen) await onFrame(seen);
      await drawn;
    }
    following = false;
  }

  function close(refocus = true) {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    if (panel.hidden) return;
    panel.hidden = true;
    if (refocus) opener.root.focus();
  }

  return { root, opener, close };
}
