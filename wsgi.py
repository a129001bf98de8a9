"""What a web server loads."""

import threading

from library import create_app

app = create_app()

# Nobody has to wait for it, and it would keep the first who mistypes a word waiting.
threading.Thread(target=app.extensions["index"].warm, daemon=True).start()
