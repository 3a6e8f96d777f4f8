"""What is asked, whatever the wire: calls, and how REST spells them."""
