// The divider between a photo and its painting: dragged anywhere on the picture, or moved by keys on its slider.
document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll(".before-after")) {
    const slider = box.querySelector("input");
    const place = () => box.style.setProperty("--at", `${slider.value}%`);
    slider.addEventListener("input", place);
    box.addEventListener("pointermove", (event) => {
      if (event.target === slider || (event.pointerType !== "mouse" && !event.buttons)) return;
      const frame = box.getBoundingClientRect();
      slider.value = (100 * (event.clientX - frame.left)) / frame.width;
      place();
    });
    place();
  }
});
