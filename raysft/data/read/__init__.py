"""From files to conversations: containers, formats, rows. Here a row becomes a conversation."""
