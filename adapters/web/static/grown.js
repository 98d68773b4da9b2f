// Says under a page that was opened without a position that the ledger has grown since; the page stays as it is.
"use strict";

{
  const line = document.getElementById("grown");
  const known = line?.dataset.known;
  const [arrival] = performance.getEntriesByType("navigation");
  if (known && arrival?.redirectCount) sessionStorage.setItem("grown-after", known); // the address left a clock open
  let source = null;

  const follow = () => {
    if (document.hidden || source) return;
    source = new EventSource(`/grown?after=${known}`);
    source.addEventListener("grown", () => {
      stop();
      document.removeEventListener("visibilitychange", change);
      line.append(
        "The ledger has grown since this page was made. ",
        leading("Show this moment as known now", ["known"]),
        " or ",
        leading("show what is so now", ["known", "at"]),
        ".",
      );
    });
  };
  const stop = () => {
    source?.close();
    source = null;
  };
  const change = () => (document.hidden ? stop() : follow()); // a browser opens few connections: none for what is not seen

  const leading = (words, open) => {
    const link = document.createElement("a");
    const address = () => {
      const url = new URL(location.href);
      for (const clock of open) url.searchParams.delete(clock);
      url.hash = "";
      return url.href;
    };
    link.textContent = words;
    link.href = address();
    link.addEventListener("click", () => (link.href = address())); // the map changes its address meanwhile
    return link;
  };

  if (known && sessionStorage.getItem("grown-after") === known) {
    document.addEventListener("visibilitychange", change);
    follow();
  }
}
