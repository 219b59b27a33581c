const get = (id) => document.getElementById(id);
const unsent = [];
let socket;

function connect() {
  socket = new WebSocket(`ws://${location.host}/chat`);
  socket.onopen = () => {
    get("state").textContent = "";
    while (unsent.length) socket.send(unsent.shift());
  };
  socket.onmessage = (event) => {
    const line = document.createElement("li");
    line.textContent = event.data;
    get("messages").append(line);
  };
  // 1012 is "service restart": the next process takes the connection at once.
  socket.onclose = (event) => {
    get("state").textContent = "(reconnecting)";
    setTimeout(connect, event.code === 1012 ? 0 : 1000);
  };
}

function watch() {
  const events = new EventSource("/people");
  events.addEventListener("people", (event) => (get("people").textContent = event.data));
  events.addEventListener("restart", () => {
    events.close();
    watch();
  });
}

get("form").onsubmit = (event) => {
  event.preventDefault();
  const text = get("text").value;
  get("text").value = "";
  if (socket.readyState === WebSocket.OPEN) socket.send(text);
  else unsent.push(text);
};

connect();
watch();
