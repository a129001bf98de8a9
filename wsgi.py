"""What a web server loads."""

from library import create_app

app = create_app()
