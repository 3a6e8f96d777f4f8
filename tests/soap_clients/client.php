<?php

/**
 * A SOAP client as PHP applications have it: PHP's own SoapClient, which reads the WSDL and calls the address in it.
 *
 * Reads one question as JSON from its input: wsdl, version, authorization (or null), operation, arguments, and body (or null): the XML that
 * such applications put into the Body themselves. Writes one answer as JSON: result, or fault with its code, text and detail.
 */

declare(strict_types=1);

final class OwnBody extends SoapClient
{
    public ?string $body = null;
    public ?string $address = null;

    public function __doRequest(string $request, string $location, string $action, int $version, bool $oneWay = false): ?string
    {
        $this->address = $location;
        if ($this->body !== null) {
            $namespace = $version === SOAP_1_2 ? 'http://www.w3.org/2003/05/soap-envelope' : 'http://schemas.xmlsoap.org/soap/envelope/';
            $request = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                . "<env:Envelope xmlns:env=\"$namespace\"><env:Body>{$this->body}</env:Body></env:Envelope>\n";
        }
        return parent::__doRequest($request, $location, $action, $version, $oneWay);
    }
}

$question = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);
$options = ['soap_version' => $question['version'] === '1.2' ? SOAP_1_2 : SOAP_1_1, 'cache_wsdl' => WSDL_CACHE_NONE, 'keep_alive' => false];
$without_credential = stream_context_create(['http' => ['timeout' => 20]]);
if ($question['authorization'] !== null) {
    $headers = "Authorization: {$question['authorization']}";
    $options['stream_context'] = stream_context_create(['http' => ['header' => $headers, 'timeout' => 20]]);
}

// The WSDL is fetched without any credential, whatever the calls have.
$copy = tempnam(sys_get_temp_dir(), 'wsdl');
$client = null;
try {
    file_put_contents($copy, file_get_contents($question['wsdl'], false, $without_credential));
    $client = new OwnBody($copy, $options);
    $client->body = $question['body'];
    $answer = $client->__soapCall($question['operation'], [$question['arguments']]);
    $name = "{$question['operation']}Result";
    $said = ['result' => $answer->$name ?? null];
} catch (SoapFault $fault) {
    $said = ['fault' => ['code' => $fault->faultcode, 'text' => $fault->getMessage(), 'detail' => $fault->detail ?? null]];
} finally {
    unlink($copy);
}
echo json_encode($said + ['address' => $client?->address], JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
