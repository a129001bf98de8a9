"""What a web server loads."""

import threading

from library import create_app, demonstration

app = create_app()
demonstration.refuse(app.extensions["database"], app.extensions["config"])

# Nobody has to wait for it, and it would keep the first who mistypes a word waiting.
threading.Thread(target=app.extensions["index"].warm, daemon=True).start()
