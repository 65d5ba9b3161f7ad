"""Chat templates written in the manner of public ones, with generation marks: what people bring along."""

LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}"
    "{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{% generation %}"
    "{{ ' ' + content.strip() + ' ' + eos_token }}{% endgeneration %}{% endif %}{% endfor %}"
)

LLAMA_3_1 = (
    "{{- bos_token }}\n{%- if custom_tools is defined %}{%- set tools = custom_tools %}"
    "{%- endif %}\n{%- if not tools_in_user_message is defined %}"
    "{%- set tools_in_user_message = true %}{%- endif %}\n{%- if not date_string is defined %}"
    '{%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}'
    '{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}'
    "{%- endif %}\n{%- if not tools is defined %}{%- set tools = none %}"
    "{%- endif %}\n{%- if messages[0]['role'] == 'system' %}"
    "{%- set system_message = messages[0]['content']|trim %}"
    '{%- set messages = messages[1:] %}{%- else %}{%- set system_message = "" %}'
    '{%- endif %}\n{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}'
    '{%- if builtin_tools is defined or tools is not none %}{{- "Environment: ipython\\n" }}'
    '{%- endif %}{{- "Cutting Knowledge Date: December 2023\\n" }}'
    '{{- "Today Date: " + date_string + "\\n\\n" }}{{- system_message }}'
    "{{- \"<|eot_id|>\" }}\n{%- for message in messages %}{%- if message.role == 'assistant' %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% generation %}"
    "{{- message['content'] | trim + '<|eot_id|>' }}{% endgeneration %}{%- else %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | "
    "trim + '<|eot_id|>' }}"
    "{%- endif %}{%- endfor %}\n{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)

QWEN_2_5 = (
    "{%- if tools %}{{- 'tools' }}{%- else %}{%- if messages[0]['role'] == 'system' %}"
    "{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}{%- else %}"
    "{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{%- endif %}"
    "{%- endif %}\n{%- for message in messages %}"
    '{%- if (message.role == "user") or (message.role == "system" and not loop.first) %}'
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- elif message.role == \"assistant\" %}{{- '<|im_start|>' + message.role + '\\n' }}"
    "{% generation %}{{- message.content.lstrip() + '<|im_end|>' }}{% endgeneration %}"
    "{{- '\\n' }}{%- endif %}{%- endfor %}\n{%- if add_generation_prompt %}"
    "{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)

QWEN_3 = (
    "{%- if messages[0].role == 'system' %}"
    "{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}"
    "{%- endif %}\n{%- set ns = namespace(last=0) %}{%- for message in messages %}"
    "{%- if message.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}"
    '{%- endfor %}\n{%- for message in messages %}{%- if message.role == "user" %}'
    "{{- '<|im_start|>user\\n' + message.content + '<|im_end|>\\n' }}"
    '{%- elif message.role == "assistant" %}{%- set content = message.content %}'
    "{%- set reasoning_content = '' %}{%- if message.reasoning_content is string %}"
    "{%- set reasoning_content = message.reasoning_content %}"
    "{%- elif '</think>' in content %}"
    "{%- set reasoning_content = content.split('</think>')[0].split('<think>')[-1].strip('\\n') %}"
    "{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}"
    "{{- '<|im_start|>assistant\\n' }}{% generation %}"
    "{%- if loop.index0 > ns.last and reasoning_content %}"
    "{{- '<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}"
    "{%- else %}{{- content.lstrip() }}{%- endif %}{{- '<|im_end|>' }}{% endgeneration %}"
    "{{- '\\n' }}{%- endif %}{%- endfor %}\n{%- if add_generation_prompt %}"
    "{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)

MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{% generation %}"
    "{{ ' ' + message['content'].lstrip() + eos_token}}{% endgeneration %}{% endif %}"
    "{% endfor %}"
)

GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{{ '<|start_header_id|>model\\n' }}{% generation %}"
    "{{ message['content'] | trim + '<|eot_id|>' }}{% endgeneration %}{{'\\n'}}{% else %}"
    "{{ '<|start_header_id|>' + message['role'] + '\\n' + message['content'] | trim + '<|eot_id|>\\"
    "n' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{'<|start_header_id|>model\\n'}}"
    "{% endif %}"
)

GEMMA_3 = (
    "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}"
    "{%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}"
    '{%- set loop_messages = messages[1:] -%}{%- else -%}{%- set first_user_prefix = "" -%}'
    "{%- set loop_messages = messages -%}{%- endif -%}{%- for message in loop_messages -%}"
    "{%- if message['role'] == 'assistant' -%}{{ '<|start_header_id|>model\\n' }}"
    "{% generation %}{{ message['content'] | trim + '<|eot_id|>' }}{% endgeneration %}"
    "{{'\\n'}}{%- else -%}"
    "{{ '<|start_header_id|>user\\n' + (first_user_prefix if loop.first else \"\") + message['conten"
    "t'] | trim + '<|eot_id|>\\n' }}"
    "{%- endif -%}{%- endfor -%}{%- if add_generation_prompt -%}"
    "{{'<|start_header_id|>model\\n'}}{%- endif -%}"
)

CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n'}}"
    "{% if message['role']=='assistant' %}{% generation %}"
    "{{ message['content'].lstrip() + '<|im_end|>' }}{% endgeneration %}{{'\\n'}}{% else %}"
    "{{ message['content'] + '<|im_end|>' + '\\n'}}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

ZEPHYR = (
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['"
    "content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message["
    "'content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n' }}"
    "{% generation %}{{ message['content'].lstrip() + eos_token }}"
    "{% endgeneration %}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant"
    "|>\\n' }}"
    "{% endif %}\n{% endfor %}"
)

PHI_3 = (
    "{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}"
    "{{'<|system|>\\n' + message['content'] + '<|im_end|>\\n'}}"
    "{% elif message['role'] == 'user' %}"
    "{{'<|user|>\\n' + message['content'] + '<|im_end|>\\n'}}"
    "{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n'}}{% generation %}"
    "{{message['content'].lstrip() + '<|im_end|>'}}{% endgeneration %}{{'\\n'}}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)

DEEPSEEK = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}"
    "{% endif %}{% set ns = namespace(system_prompt='') %}{%- for message in messages %}"
    "{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}"
    "{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}"
    "{%- if message['role'] == 'user' %}{{'<|User|>' + message['content']}}{%- endif %}"
    "{%- if message['role'] == 'assistant' %}{% set content = message['content'] %}"
    "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}"
    "{% endif %}{{'<|Assistant|>'}}{% generation %}{{ content.lstrip() + eos_token}}"
    "{% endgeneration %}{%- endif %}{%- endfor -%}{% if add_generation_prompt %}"
    "{{'<|Assistant|>'}}{% endif %}"
)

BY_NAME = {
    "llama2": LLAMA_2,
    "llama31": LLAMA_3_1,
    "qwen25": QWEN_2_5,
    "qwen3": QWEN_3,
    "mistral": MISTRAL,
    "gemma": GEMMA,
    "gemma3": GEMMA_3,
    "chatml": CHATML,
    "zephyr": ZEPHYR,
    "phi3": PHI_3,
    "deepseek": DEEPSEEK,
}

MARKS = (
    "<|im_start|>", "<|im_end|>", "<|User|>", "<|Assistant|>", "<|user|>", "<|assistant|>", "<|system|>",
    "[INST]", "[/INST]",
)  # fmt: skip
"""Special tokens that they write, beside those of Llama 3."""
